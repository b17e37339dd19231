// RUN: tinyml-opt -p 'memplan-patch{max-recompute=2.0},memplan-check' --split-input-file %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-patch{grid="2x1" max-recompute=2.0},memplan-place{alignment=1},memplan-check' --split-input-file %s | filecheck %s --check-prefix=PLACED
// RUN: tinyml-opt -p 'memplan-patch' --split-input-file %s | filecheck %s --check-prefix=LIMIT

// Two windows of 3 rows, padded; the second has stride 2. Output row 1 reads rows 1 to 3 of the 5 rows between, and so
// does the input; output row 0 reads row -1, which is padding, and rows 0 and 1.
!x = memref<1x5x2x1x!fixed.q<i8, 2^0>>
!mid = memref<1x5x2x8x!fixed.q<i8, 2^0>>
!y = memref<1x3x2x1x!fixed.q<i8, 2^0>>
!v = memref<8x3x!fixed.q<i8, 2^0>, "flash">
!w = memref<3x8x!fixed.q<i8, 2^0>, "flash">

// Multiply-accumulates: 7 rows of 2 x 8 x 3 instead of 5, and 3 rows of 2 x 3 x 8.
// CHECK-LABEL: func.func @rows
// CHECK-SAME:    memplan.patch = {grid = "3x1", last = "second", peak = 48 : i64, before = 80 : i64, macs = 480 : i64, recompute = 1.25
// The first patch: output row 0 from rows 0 and 1 between; the window of row 0 begins in the padding.
// CHECK:       %[[P0:.+]] = memplan.buffer node "mid.p0_0" : memref<1x2x2x8x
// CHECK-NEXT:  fixed.contract
// CHECK-SAME:    outs(%[[P0]] :
// CHECK-SAME:    domain <2, 2, 8 | 3>
// CHECK-SAME:    maps [affine_map<(d0, d1, d2, d3) -> (0, (d0 + (d3 + -1)), d1, 0)>
// CHECK-SAME:    node "first.p0_0"
// CHECK:       fixed.contract
// CHECK-SAME:    domain <1, 2 | 3, 8>
// CHECK-SAME:    maps [affine_map<(d0, d1, d2, d3) -> (0, ((d0 * 2) + (d2 + -1)), d1, d3)>
// CHECK-SAME:    affine_map<(d0, d1, d2, d3) -> (0, d0, d1, 0)>]
// CHECK-SAME:    node "second.p0_0"
// The second: rows 1 to 3 between start at input row 1 - 1; row 1 of the output starts at row 0 of its patch.
// CHECK:       memplan.buffer node "mid.p1_0" : memref<1x3x2x8x
// CHECK-NEXT:  fixed.contract
// CHECK-SAME:    domain <3, 2, 8 | 3>
// CHECK-SAME:    maps [affine_map<(d0, d1, d2, d3) -> (0, (d0 + d3), d1, 0)>
// CHECK-SAME:    node "first.p1_0"
// CHECK:       fixed.contract
// CHECK-SAME:    maps [affine_map<(d0, d1, d2, d3) -> (0, ((d0 * 2) + d2), d1, d3)>
// CHECK-SAME:    affine_map<(d0, d1, d2, d3) -> (0, (d0 + 1), d1, 0)>]
// CHECK-SAME:    node "second.p1_0"
// CHECK:       memplan.buffer node "mid.p2_0" : memref<1x2x2x8x
// CHECK:       node "first.p2_0"
// CHECK:       node "second.p2_0"
// CHECK-NOT:   node

// PLACED-LABEL: func.func @rows
// PLACED-SAME:    grid = "2x1"
// PLACED:       memplan.arena size 64

// LIMIT-LABEL: func.func @rows
// LIMIT-SAME:    memplan.patch = {refused = "2 plans need more than 1.1 times the multiply-accumulates, 0 do not lower the peak of 80 bytes at `first`", before = 80
func.func @rows(%x: !x, %y: !y) {
  %v = fixed.constant dense<1> : tensor<8x3xi8> as !v
  %w = fixed.constant dense<1> : tensor<3x8xi8> as !w
  %mid = memplan.buffer node "mid" : !mid
  fixed.contract ins(%x, %v : !x, !v) outs(%mid : !mid) domain <5, 2, 8 | 3>
    maps [affine_map<(r, c, o, k) -> (0, r + k - 1, c, 0)>, affine_map<(r, c, o, k) -> (o, k)>,
          affine_map<(r, c, o, k) -> (0, r, c, o)>] zero_points <0, 0> acc i32 node "first" {
  ^bb0(%acc: i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  fixed.contract ins(%mid, %w : !mid, !w) outs(%y : !y) domain <3, 2 | 3, 8>
    maps [affine_map<(r, c, k, i) -> (0, 2 * r + k - 1, c, i)>, affine_map<(r, c, k, i) -> (k, i)>,
          affine_map<(r, c, k, i) -> (0, r, c, 0)>] zero_points <0, 0> acc i32 node "second" {
  ^bb0(%acc: i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// -----

// No window slides anywhere: there is nothing to cut.
// CHECK-LABEL: func.func @flat
// CHECK-SAME:    memplan.patch = {refused = "no form slides a window over an input", before = 8 : i64}
// CHECK:       node "a"
// CHECK:       node "b"
func.func @flat(%x: memref<8xi8>, %y: memref<8xi8>) {
  %a = memplan.buffer : memref<8xi8>
  fixed.map ins(%x : memref<8xi8>) outs(%a : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "a" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%a : memref<8xi8>) outs(%y : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "b" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// Placed already: left alone.
// CHECK-LABEL: func.func @placed(%x: memref<8xi8>, %y: memref<8xi8>) {
func.func @placed(%x: memref<8xi8>, %y: memref<8xi8>) {
  %arena = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
  %a = memplan.view %arena at 0 : memref<8xi8> -> memref<8xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a : memref<8xi8>) node "a"
  memplan.opaque ins(%a : memref<8xi8>) outs(%y : memref<8xi8>) node "b"
  func.return
}
