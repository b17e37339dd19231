// RUN: tinyml-opt -p 'memplan-tile{operations=multiply_add_24}' %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-tile{operations=multiply_add}' %s | filecheck %s --check-prefix WIDE
// RUN: tinyml-opt -p 'memplan-tile{operations="multiply_add_24,multiply_add_unsigned_24"}' %s | filecheck %s --check-prefix CUT
// RUN: tinyml-opt -p 'memplan-tile{operations=multiply_add_24},convert-memplan-to-loops{word-bits=16}' %s | filecheck %s --check-prefix LOOPS

// Three channels at two pixels: sums of 24 bits, which a core that adds up words does not have.
// CHECK-LABEL: @convolution
// CHECK: tile <6, direct, 2> node "conv"
// WIDE-LABEL: @convolution
// WIDE-NOT: tile
// Two channels in a loop of one turn, one left over; windows of two rows of four bytes, six apart.
// LOOPS-LABEL: @convolution_conv
// LOOPS: mcu.direct_block {{.*}} window [2, 2, 2, 4, 6]
// LOOPS: mcu.direct_block {{.*}} window [1, 2, 2, 4, 6]
func.func @convolution(%x : memref<1x3x3x2x!fixed.q<i8, 2^-4>>, %y : memref<1x2x2x3x!fixed.q<i8, 2^-4>>) {
  %w = fixed.constant dense<1> : tensor<3x2x2x2xi8> as memref<3x2x2x2xi8, "flash">
  fixed.contract ins(%x, %w : memref<1x3x3x2x!fixed.q<i8, 2^-4>>, memref<3x2x2x2xi8, "flash">)
    outs(%y : memref<1x2x2x3x!fixed.q<i8, 2^-4>>) domain <2, 2, 3 | 2, 2, 2>
    maps [affine_map<(d0, d1, d2, d3, d4, d5) -> (0, d0 + d3, d1 + d4, d5)>,
          affine_map<(d0, d1, d2, d3, d4, d5) -> (d2, d3, d4, d5)>,
          affine_map<(d0, d1, d2, d3, d4, d5) -> (0, d0, d1, d2)>] zero_points <0, 0> acc i24 node "conv" {
  ^bb0(%acc : i24):
    %0 = fixed.saturate %acc to [-128, 127] : i24 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// A window that leaves the data is cut; a core without products of data without sign has no such tile.
// CUT-LABEL: @padded
// CUT: tile <4, clipped, 1>
// CHECK-LABEL: @padded
// CHECK-NOT: tile
func.func @padded(%x : memref<1x3x2x!fixed.q<i8, 2^-4>>, %y : memref<1x3x4x!fixed.q<i8, 2^-4>>) {
  %w = fixed.constant dense<1> : tensor<4x3x2xi8> as memref<4x3x2xi8, "flash">
  fixed.contract ins(%x, %w : memref<1x3x2x!fixed.q<i8, 2^-4>>, memref<4x3x2xi8, "flash">)
    outs(%y : memref<1x3x4x!fixed.q<i8, 2^-4>>) domain <3, 4 | 3, 2>
    maps [affine_map<(d0, d1, d2, d3) -> (0, d0 + d2 + -1, d3)>, affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>,
          affine_map<(d0, d1, d2, d3) -> (0, d0, d1)>] zero_points <0, 0> acc i24 {
  ^bb0(%acc : i24):
    %0 = fixed.saturate %acc to [-128, 127] : i24 -> i8
    fixed.yield %0 : i8
  }
  func.return
}
