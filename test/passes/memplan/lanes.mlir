// RUN: tinyml-opt -p 'memplan-lanes{lanes=8}' --split-input-file %s | filecheck %s

// A dense layer has lanes along its reduction: of the input they take neighbouring elements.
// CHECK-LABEL: @dense
// CHECK: fixed.contract {{.*}} attributes {hls.lanes = array<i64: 1, 8>}
func.func @dense(%x: memref<16xi8>, %w: memref<4x16xi8>, %y: memref<4xi32>) {
  fixed.contract ins(%x, %w : memref<16xi8>, memref<4x16xi8>) outs(%y : memref<4xi32>) domain <4 | 16>
      maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>]
      zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  func.return
}

// -----

// A pool's windows do not fill words: its channels do, four of them.
// CHECK-LABEL: @pool
// CHECK: fixed.reduce {{.*}} attributes {hls.lanes = array<i64: 1, 1, 4, 1, 1>}
func.func @pool(%x: memref<4x4x4xi8>, %y: memref<2x2x4xi8>) {
  fixed.reduce max ins(%x : memref<4x4x4xi8>) outs(%y : memref<2x2x4xi8>) domain <2, 2, 4 | 2, 2>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0 * 2 + d3, d1 * 2 + d4, d2)>,
            affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2)>] zero_point <0> acc i8 {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  func.return
}

// -----

// Three channels offer nothing.
// CHECK-LABEL: @odd
// CHECK-NOT: hls.lanes
func.func @odd(%x: memref<5x3xi8>, %y: memref<5x3xi8>) {
  fixed.map ins(%x : memref<5x3xi8>) outs(%y : memref<5x3xi8>) domain <5, 3>
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  func.return
}

// -----

// A row of a stack is at another place in each round: it is written an element at a time. What it is read from has lanes.
// CHECK-LABEL: @stack
// CHECK: node "row" {
// CHECK: node "copied" attributes {hls.lanes = array<i64: 4>}
func.func @stack(%x: memref<4xi8>, %h: memref<4xi8>, %y: memref<4x4xi8>) {
  memplan.loop 4 along <0, -1> {
    fixed.map ins(%h : memref<4xi8>) outs(%y : memref<4x4xi8>) domain <4, 4>
        maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>] node "row" {
    ^bb0(%v: i8):
      fixed.yield %v : i8
    }
    fixed.map ins(%x : memref<4xi8>) outs(%h : memref<4xi8>) domain <4>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "copied" {
    ^bb0(%v: i8):
      fixed.yield %v : i8
    }
  }
  func.return
}
