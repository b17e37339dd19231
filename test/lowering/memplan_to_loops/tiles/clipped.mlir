// RUN: tinyml-opt -p 'convert-memplan-to-loops{word-bits=16}' %s | filecheck %s

// Rows that lie apart: those of a window are one list, which a block takes with the columns that lie in the data. The
// one row that a call writes is reached once, before all loops.
// CHECK-LABEL: func.func private @padded_conv(%row: index)
// CHECK:      %[[TARGET:.*]] = memref.load %{{.*}}[%row] : memref<4xi8, "flash">
// CHECK-NEXT: %[[PLACE:.*]] = arith.index_cast %[[TARGET]] : i8 to index
// CHECK-NEXT: %[[OUT:.*]] = memref.view %{{.*}}[%[[PLACE]]][] : memref<48xi8> to memref<1x1x3x4xi8>
// CHECK:      %starts = memref.alloca() : memref<3xi16>
// CHECK-NEXT: scf.for %[[KH:.*]] = %{{.*}} to %[[ROWS:.*]] step %{{.*}} {
// CHECK:        %[[START:.*]] = memref.load %{{.*}}[%{{.*}}] : memref<4xi8, "flash">
// CHECK-NEXT:   %[[WIDE:.*]] = arith.index_cast %[[START]] : i8 to index
// CHECK-NEXT:   %[[NARROW:.*]] = arith.index_cast %[[WIDE]] : index to i16
// CHECK-NEXT:   memref.store %[[NARROW]], %starts[%[[KH]]] : memref<3xi16>
// CHECK:      scf.for %ow = %{{.*}} to %c3 step %c1 {
// CHECK:        mcu.clipped_block %{{.*}}[%{{.*}}] data(%[[ARENA:.*]], %starts) at(%{{.*}}, %c0) counts(%[[ROWS]], %{{.*}}) sums %sums window [4, 0, 6, 0, 1, 0]
// CHECK:        memref.store %{{.*}}, %[[OUT]][
func.func @padded() {
  %arena = memplan.arena size 48 align 1 in "sram" : memref<48xi8>
  %x = memplan.rows %arena at dense<[6, 18, 0, 12]> : tensor<4xi32> : memref<48xi8> -> memref<1x4x3x2x!fixed.q<i8, 2^-4>>
  %y = memplan.rows %arena at dense<[24, 36, 24, 36]> : tensor<4xi32> : memref<48xi8> -> memref<1x4x3x4x!fixed.q<i8, 2^-4>>
  %w = fixed.constant dense<1> : tensor<4x3x3x2xi8> as memref<4x3x3x2xi8, "flash">
  memplan.stream along <0> order dense<[[0, 0], [0, 1], [0, 2], [0, 3]]> : tensor<4x2xi32> {
    fixed.contract ins(%x, %w : memref<1x4x3x2x!fixed.q<i8, 2^-4>>, memref<4x3x3x2xi8, "flash">)
      outs(%y : memref<1x4x3x4x!fixed.q<i8, 2^-4>>) domain <4, 3, 4 | 3, 3, 2>
      maps [affine_map<(d0, d1, d2, d3, d4, d5) -> (0, d0 + d3 + -1, d1 + d4 + -1, d5)>,
            affine_map<(d0, d1, d2, d3, d4, d5) -> (d2, d3, d4, d5)>,
            affine_map<(d0, d1, d2, d3, d4, d5) -> (0, d0, d1, d2)>] zero_points <0, 0> acc i24
      tile <4, clipped, 1> node "conv" {
    ^bb0(%acc : i24):
      %0 = fixed.saturate %acc to [-128, 127] : i24 -> i8
      fixed.yield %0 : i8
    }
  }
  func.return
}
