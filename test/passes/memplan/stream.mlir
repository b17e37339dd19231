// RUN: tinyml-opt -p memplan-stream --split-input-file %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-stream{limit=72}' --split-input-file %s | filecheck %s --check-prefix=LIMIT
// RUN: tinyml-opt -p 'memplan-stream{limit=42},memplan-inplace,memplan-place{alignment=1},memplan-check' --split-input-file %s | filecheck %s --check-prefix=PIECES

// Two pools over 3 rows each and a residual sum. Three rows of the first are alive at a time, and a row of the second
// takes the bytes of the one that is read for the last time then. A slice runs when a later one needs it.
// CHECK-LABEL: @chain
// CHECK-SAME: memplan.stream = {peak = 18 : i64, before = 72 : i64, least = 18 : i64, forms = 3 : i64, slices = 18 : i64
// CHECK-SAME: whole = []
// CHECK: %a = memplan.buffer rows 6 : memref<1x6x6xi8>
// CHECK-NEXT: %b = memplan.buffer rows 6 : memref<1x6x6xi8>
// CHECK-NEXT: memplan.stream along <0, 0, 0> order dense<{{\[\[}}0, 0], [0, 1], [1, 0], [2, 0], [0, 2], [1, 1], [2, 1],
// CHECK: fixed.reduce max ins(%x
// CHECK: fixed.reduce max ins(%a
// CHECK: fixed.map ins(%a, %b
// With room for both tensors nothing is streamed.
// LIMIT-LABEL: @chain
// LIMIT-SAME: memplan.stream = {peak = 72 : i64, before = 72 : i64, least = 18 : i64, forms = 0 : i64, slices = 0 : i64
// LIMIT-NOT: memplan.stream along
func.func @chain(%x: memref<1x6x6xi8>, %y: memref<1x6x6xi8>) attributes {fixed.inputs = [#fixed.port<"x", tensor<1x6x6xi8>, permutation <0, 1, 2>>]} {
  %a = memplan.buffer : memref<1x6x6xi8>
  fixed.reduce max ins(%x : memref<1x6x6xi8>) outs(%a : memref<1x6x6xi8>) domain <6, 6 | 3>
      maps [affine_map<(d0, d1, d2) -> (0, d0 + d2 - 1, d1)>, affine_map<(d0, d1, d2) -> (0, d0, d1)>] zero_point <0> acc i8 node "p" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  %b = memplan.buffer : memref<1x6x6xi8>
  fixed.reduce max ins(%a : memref<1x6x6xi8>) outs(%b : memref<1x6x6xi8>) domain <6, 6 | 3>
      maps [affine_map<(d0, d1, d2) -> (0, d0 + d2 - 1, d1)>, affine_map<(d0, d1, d2) -> (0, d0, d1)>] zero_point <0> acc i8 node "q" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  fixed.map ins(%a, %b : memref<1x6x6xi8>, memref<1x6x6xi8>) outs(%y : memref<1x6x6xi8>) domain <6, 6>
      maps [affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>] node "s" {
  ^bb0(%l: i8, %r: i8):
    %0 = arith.maxsi %l, %r : i8
    fixed.yield %0 : i8
  }
  func.return
}

// -----

// A matrix product reads all of its input for each output: it ends the chain, and its input is held whole.
// CHECK-LABEL: @barrier
// CHECK-SAME: whole = ["p"]
// CHECK-NOT: rows
// CHECK-NOT: memplan.stream along
func.func @barrier(%x: memref<4x4xi8>, %w: memref<2x16xi8>, %y: memref<1x2xi8>) {
  %a = memplan.buffer : memref<4x4xi8>
  fixed.map ins(%x : memref<4x4xi8>) outs(%a : memref<4x4xi8>) domain <4, 4>
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] node "p" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %f = memplan.alias %a at 0 : memref<4x4xi8> -> memref<1x16xi8>
  fixed.contract ins(%f, %w : memref<1x16xi8>, memref<2x16xi8>) outs(%y : memref<1x2xi8>) domain <2 | 16>
      maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0, d0)>]
      zero_points <0, 0> acc i32 node "fc" {
  ^bb0(%acc: i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// -----

// Tensors in one piece lie over each other where no stream splits them: 36 bytes at a time, and a row more for the
// pool, which writes behind what it still reads. Within 42 bytes nothing is streamed.
// CHECK-LABEL: @pieces
// CHECK-SAME: memplan.stream = {peak = 18 : i64, before = 42 : i64, least = 18 : i64, forms = 4 : i64, slices = 24 : i64
// PIECES-LABEL: @pieces
// PIECES-SAME: memplan.stream = {peak = 42 : i64, before = 42 : i64, least = 18 : i64, forms = 0 : i64, slices = 0 : i64, whole = ["a", "b", "c"]}
// PIECES: memplan.arena size 42
func.func @pieces(%x: memref<6x6xi8>, %y: memref<6x6xi8>) {
  %a = memplan.buffer node "a" : memref<6x6xi8>
  fixed.map ins(%x : memref<6x6xi8>) outs(%a : memref<6x6xi8>) domain <6, 6>
      maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] node "a" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %b = memplan.buffer node "b" : memref<6x6xi8>
  fixed.map ins(%a : memref<6x6xi8>) outs(%b : memref<6x6xi8>) domain <6, 6>
      maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] node "b" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %c = memplan.buffer node "c" : memref<6x6xi8>
  fixed.reduce max ins(%b : memref<6x6xi8>) outs(%c : memref<6x6xi8>) domain <6, 6 | 3>
      maps [affine_map<(i, j, k) -> (i + k - 1, j)>, affine_map<(i, j, k) -> (i, j)>] zero_point <0> acc i8 node "c" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  fixed.map ins(%c : memref<6x6xi8>) outs(%y : memref<6x6xi8>) domain <6, 6>
      maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] node "y" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// Channels that are split, transposed and merged again through aliases: rows stay rows, and two of them share bytes.
// CHECK-LABEL: @shuffle
// CHECK-SAME: memplan.stream = {peak = 8 : i64, before = 26 : i64, least = 8 : i64, forms = 3 : i64, slices = 12 : i64
// CHECK: %a = memplan.buffer rows 4 : memref<1x4x6xi8>
// CHECK: %b = memplan.buffer rows 4 : memref<1x4x3x2xi8>
// CHECK: memplan.stream along <1, 1, 1> order dense<{{\[\[}}0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1],
func.func @shuffle(%x: memref<1x4x6xi8>, %y: memref<1x4x6xi8>) {
  %a = memplan.buffer : memref<1x4x6xi8>
  fixed.map ins(%x : memref<1x4x6xi8>) outs(%a : memref<1x4x6xi8>) domain <1, 4, 6>
      maps [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>] node "p" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %split = memplan.alias %a at 0 : memref<1x4x6xi8> -> memref<1x4x2x3xi8>
  %b = memplan.buffer : memref<1x4x3x2xi8>
  fixed.map ins(%split : memref<1x4x2x3xi8>) outs(%b : memref<1x4x3x2xi8>) domain <1, 4, 3, 2>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d1, d3, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] node "q" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %merged = memplan.alias %b at 0 : memref<1x4x3x2xi8> -> memref<1x4x6xi8>
  fixed.map ins(%merged : memref<1x4x6xi8>) outs(%y : memref<1x4x6xi8>) domain <1, 4, 6>
      maps [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>] node "r" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}
