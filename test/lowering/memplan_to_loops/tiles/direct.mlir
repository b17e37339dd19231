// RUN: tinyml-opt -p 'convert-memplan-to-loops{word-bits=16}' %s | filecheck %s

// Rows that lie apart: a block takes the list of those of a call, which is written once.
// CHECK-LABEL: func.func private @windows_conv(%row: index)
// CHECK:      %starts = memref.alloca() : memref<3xi16>
// CHECK-NEXT: scf.for %[[KH:.*]] = %{{.*}} to %c3 step %{{.*}} {
// CHECK-NEXT:   %[[AT:.*]] = arith.addi %row, %[[KH]] : index
// CHECK-NEXT:   %[[START:.*]] = memref.load %{{.*}}[%[[AT]]] : memref<4xi8, "flash">
// CHECK:        memref.store %{{.*}}, %starts[%[[KH]]] : memref<3xi16>
// CHECK:      scf.for %pair = %{{.*}} to %c2 step %c1 {
// CHECK:        mcu.direct_block %{{.*}}[%{{.*}}, %c0] data(%[[ARENA:.*]], %[[ARENA]], %starts) at(%{{.*}}, %{{.*}}, %c0) sums %sums window [2, 2, 3, 4, 0]
func.func @windows() {
  %arena = memplan.arena size 64 align 1 in "sram" : memref<64xi8>
  %x = memplan.rows %arena at dense<[10, 30, 0, 20]> : tensor<4xi32> : memref<64xi8> -> memref<1x4x5x2x!fixed.q<i8, 2^-4>>
  %y = memplan.rows %arena at dense<[40, 48]> : tensor<2xi32> : memref<64xi8> -> memref<1x2x4x2x!fixed.q<i8, 2^-4>>
  %w = fixed.constant dense<1> : tensor<2x3x2x2xi8> as memref<2x3x2x2xi8, "flash">
  memplan.stream along <0> order dense<[[0, 0], [0, 1]]> : tensor<2x2xi32> {
    fixed.contract ins(%x, %w : memref<1x4x5x2x!fixed.q<i8, 2^-4>>, memref<2x3x2x2xi8, "flash">)
      outs(%y : memref<1x2x4x2x!fixed.q<i8, 2^-4>>) domain <2, 4, 2 | 3, 2, 2>
      maps [affine_map<(d0, d1, d2, d3, d4, d5) -> (0, d0 + d3, d1 + d4, d5)>,
            affine_map<(d0, d1, d2, d3, d4, d5) -> (d2, d3, d4, d5)>,
            affine_map<(d0, d1, d2, d3, d4, d5) -> (0, d0, d1, d2)>] zero_points <0, 0> acc i24
      tile <4, direct, 2> node "conv" {
    ^bb0(%acc : i24):
      %0 = fixed.saturate %acc to [-128, 127] : i24 -> i8
      fixed.yield %0 : i8
    }
  }
  func.return
}

// Windows as wide as rows: a run ends with its row, where rows lie apart.
// CHECK-LABEL: func.func private @wide_conv(%row: index)
// CHECK:      mcu.direct_block %{{.*}} window [2, 1, 3, 10, 0]
func.func @wide() {
  %arena = memplan.arena size 64 align 1 in "sram" : memref<64xi8>
  %x = memplan.rows %arena at dense<[10, 30, 0, 20]> : tensor<4xi32> : memref<64xi8> -> memref<1x4x5x2x!fixed.q<i8, 2^-4>>
  %y = memplan.rows %arena at dense<[40, 48]> : tensor<2xi32> : memref<64xi8> -> memref<1x2x1x2x!fixed.q<i8, 2^-4>>
  %w = fixed.constant dense<1> : tensor<2x3x5x2xi8> as memref<2x3x5x2xi8, "flash">
  memplan.stream along <0> order dense<[[0, 0], [0, 1]]> : tensor<2x2xi32> {
    fixed.contract ins(%x, %w : memref<1x4x5x2x!fixed.q<i8, 2^-4>>, memref<2x3x5x2xi8, "flash">)
      outs(%y : memref<1x2x1x2x!fixed.q<i8, 2^-4>>) domain <2, 1, 2 | 3, 5, 2>
      maps [affine_map<(d0, d1, d2, d3, d4, d5) -> (0, d0 + d3, d1 + d4, d5)>,
            affine_map<(d0, d1, d2, d3, d4, d5) -> (d2, d3, d4, d5)>,
            affine_map<(d0, d1, d2, d3, d4, d5) -> (0, d0, d1, d2)>] zero_points <0, 0> acc i24
      tile <2, direct, 1> node "conv" {
    ^bb0(%acc : i24):
      %0 = fixed.saturate %acc to [-128, 127] : i24 -> i8
      fixed.yield %0 : i8
    }
  }
  func.return
}
