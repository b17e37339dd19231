// RUN: tinyml-opt -p memplan-inplace --split-input-file %s | filecheck %s
// RUN: tinyml-opt -p memplan-inplace,memplan-inplace --split-input-file %s | filecheck %s

// A residual block of one-dimensional layers with 4 channels. The output may begin at the start of what it replaces, or
// so many bytes below it that it overwrites nothing that is still to be read.

// CHECK-LABEL: func.func @residual
func.func @residual(%x: memref<8x4xi8>, %y: memref<8x4xi8>) {
  %a = memplan.buffer : memref<8x4xi8>
  %b = memplan.buffer : memref<8x4xi8>
  %c = memplan.buffer : memref<8x4xi8>
  %d = memplan.buffer : memref<8x4xi16>
  // The caller keeps its input.
  // CHECK: node "in"
  // CHECK-NOT: memplan.distance
  // CHECK: ^bb0
  fixed.map ins(%x : memref<8x4xi8>) outs(%a : memref<8x4xi8>) domain <8, 4>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] node "in" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  // The addition reads `a` once more.
  // CHECK: node "window"
  // CHECK-NOT: memplan.distance
  // CHECK: ^bb0
  fixed.reduce max ins(%a : memref<8x4xi8>) outs(%b : memref<8x4xi8>) domain <8, 4 | 3>
    maps [affine_map<(i, j, k) -> (i + k - 1, j)>, affine_map<(i, j, k) -> (i, j)>]
    zero_point <0> acc i8 node "window" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  // The pixel before the one that is written is still to be read, from the next channel on.
  // CHECK: node "window2" attributes {memplan.distance = array<i64: 4>}
  fixed.reduce max ins(%b : memref<8x4xi8>) outs(%c : memref<8x4xi8>) domain <8, 4 | 3>
    maps [affine_map<(i, j, k) -> (i + k - 1, j)>, affine_map<(i, j, k) -> (i, j)>]
    zero_point <0> acc i8 node "window2" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  // Both die; twice as many bytes are written as read: the last of 32 elements is read before 62 of 64 bytes are full.
  // CHECK: node "add" attributes {memplan.distance = array<i64: 31, 31>}
  fixed.map ins(%a, %c : memref<8x4xi8>, memref<8x4xi8>) outs(%d : memref<8x4xi16>) domain <8, 4>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] node "add" {
  ^bb0(%e: i8, %f: i8):
    %0 = fixed.extend %e : i8 -> i16
    fixed.yield %0 : i16
  }
  // The caller's output is no part of the arena.
  // CHECK: node "out"
  // CHECK-NOT: memplan.distance
  // CHECK: func.return
  fixed.map ins(%d : memref<8x4xi16>) outs(%y : memref<8x4xi8>) domain <8, 4>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] node "out" {
  ^bb0(%e: i16):
    %0 = fixed.saturate %e to [-128, 127] : i16 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// -----

// CHECK-LABEL: func.func @storage
func.func @storage(%x: memref<6x4xi8>, %y: memref<24xi8>) {
  %w = fixed.constant dense<1> : tensor<4x4xi8> as memref<4x4xi8, "flash">
  %a = memplan.buffer : memref<6x4xi8>
  %b = memplan.buffer : memref<24xi8>
  %pixels = memplan.alias %b at 0 : memref<24xi8> -> memref<6x4xi8>
  %upper = memplan.alias %b at 8 : memref<24xi8> -> memref<4x4xi8>
  %c = memplan.buffer : memref<24xi8>
  %left = memplan.alias %c at 0 : memref<24xi8> -> memref<16xi8>
  %right = memplan.alias %c at 16 : memref<24xi8> -> memref<8xi8>
  %d = memplan.buffer : memref<8xi8>
  memplan.opaque ins(%x : memref<6x4xi8>) outs(%a, %d : memref<6x4xi8>, memref<8xi8>) node "in"
  // A pixel is read until its last channel is written; the weights are not in RAM.
  // CHECK: node "pointwise" attributes {memplan.distance = array<i64: 3, -1>}
  fixed.contract ins(%a, %w : memref<6x4xi8>, memref<4x4xi8, "flash">) outs(%pixels : memref<6x4xi8>) domain <6, 4 | 4>
    maps [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>]
    zero_points <0, 0> acc i32 node "pointwise" {
  ^bb0(%acc: i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  // A sum of pixels 0 to 3 and their mirror image in pixels 2 to 5, counted from the start of `b`: the last element but
  // one is stored when the first that the mirror image reads, at byte 8, is still needed.
  // CHECK: node "mirror" attributes {memplan.distance = array<i64: 7, 7>}
  fixed.map ins(%pixels, %upper : memref<6x4xi8>, memref<4x4xi8>) outs(%left : memref<16xi8>) domain <4, 4>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (3 - i, 3 - j)>, affine_map<(i, j) -> (i * 4 + j)>]
    node "mirror" {
  ^bb0(%e: i8, %f: i8):
    fixed.yield %e : i8
  }
  // The second part of a concatenation: `c` holds the first, and must not overlap `d`.
  // CHECK: node "right"
  // CHECK-NOT: memplan.distance
  // CHECK: ^bb0
  fixed.map ins(%d : memref<8xi8>) outs(%right : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "right" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.opaque ins(%c : memref<24xi8>) outs(%y : memref<24xi8>) node "out"
  func.return
}

// -----

// Every element needs all others: the output would have to lie below them.
// CHECK-LABEL: func.func @reversed
// CHECK-NOT: memplan.distance
func.func @reversed(%x: memref<8xi8>, %y: memref<8xi8>) {
  %a = memplan.buffer : memref<8xi8>
  %b = memplan.buffer : memref<4xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a : memref<8xi8>) node "in"
  fixed.reduce sum ins(%a : memref<8xi8>) outs(%b : memref<4xi8>) domain <4, 2 | 8>
    maps [affine_map<(i, j, k) -> (k)>, affine_map<(i, j, k) -> (i)>] zero_point <0> acc i8 node "sum" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.opaque ins(%b : memref<4xi8>) outs(%y : memref<8xi8>) node "out"
  func.return
}

// -----

// A table that the body looks values up in, in RAM.
// CHECK-LABEL: func.func @table
// CHECK-NOT: memplan.distance
func.func @table(%x: memref<256xi8>, %y: memref<256xi8>) {
  %a = memplan.buffer : memref<256xi8>
  %b = memplan.buffer : memref<256xi8>
  memplan.opaque ins(%x : memref<256xi8>) outs(%a : memref<256xi8>) node "in"
  fixed.map ins(%a : memref<256xi8>) tables(%a : memref<256xi8>) outs(%b : memref<256xi8>) domain <256>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "look" {
  ^bb0(%e: i8, %t: memref<256xi8>):
    fixed.yield %e : i8
  }
  memplan.opaque ins(%b : memref<256xi8>) outs(%y : memref<256xi8>) node "out"
  func.return
}

// -----

// Rows have addresses of their own: a row may lie a pixel below any that dies with its first write.
// CHECK-LABEL: func.func @rows
func.func @rows(%x: memref<6x8x4xi8>, %y: memref<8x4xi8>) {
  %a = memplan.buffer rows 6 : memref<6x8x4xi8>
  %b = memplan.buffer rows 6 : memref<6x8x4xi8>
  %c = memplan.buffer : memref<8x4xi8>
  memplan.opaque ins(%x : memref<6x8x4xi8>) outs(%a : memref<6x8x4xi8>) node "in"
  memplan.stream along <0, 2> order dense<[[0, 0], [1, 0], [0, 1], [1, 1], [0, 2], [1, 2], [0, 3], [1, 3], [0, 4], [1, 4], [0, 5], [1, 5]]> : tensor<12x2xi32> {
    // CHECK: node "window" attributes {memplan.distance = array<i64: 4>}
    fixed.reduce max ins(%a : memref<6x8x4xi8>) outs(%b : memref<6x8x4xi8>) domain <6, 8, 4 | 3, 3>
      maps [affine_map<(i, j, c, k, l) -> (i + k - 1, j + l - 1, c)>, affine_map<(i, j, c, k, l) -> (i, j, c)>]
      zero_point <0> acc i8 node "window" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    // The slices accumulate: `c` is read and written in each.
    // CHECK: node "column"
    // CHECK-NOT: memplan.distance
    // CHECK: ^bb0
    fixed.reduce max ins(%b : memref<6x8x4xi8>) outs(%c : memref<8x4xi8>) domain <8, 4 | 6>
      maps [affine_map<(j, c, i) -> (i, j, c)>, affine_map<(j, c, i) -> (j, c)>]
      zero_point <0> acc i8 node "column" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  memplan.opaque ins(%c : memref<8x4xi8>) outs(%y : memref<8x4xi8>) node "out"
  func.return
}
