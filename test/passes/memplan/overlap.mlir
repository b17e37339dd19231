// RUN: tinyml-opt -p memplan-overlap --split-input-file %s | filecheck %s

// A window of three rows waits for the row below its own, at the end for all eight.
// CHECK-LABEL: @windows
// CHECK-SAME: hls.dataflow
func.func @windows(%x: memref<8x4xi8>, %y: memref<8x4xi8>, %z: memref<4xi8>) attributes {} {
  %b = memplan.buffer : memref<8x4xi8>
  // CHECK: fixed.map {{.*}} attributes {hls.stage = 0 : i64, hls.awaits = []}
  fixed.map ins(%x : memref<8x4xi8>) outs(%b : memref<8x4xi8>) domain <8, 4>
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  // CHECK: fixed.reduce max {{.*}} attributes {hls.stage = 1 : i64, hls.awaits = [array<i64: 0, 8, 1, 2, 0>]}
  fixed.reduce max ins(%b : memref<8x4xi8>) outs(%y : memref<8x4xi8>) domain <8, 4 | 3>
      maps [affine_map<(d0, d1, d2) -> (d0 + d2 + -1, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] zero_point <0> acc i8 {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  // What takes each column whole waits for all rows.
  // CHECK: fixed.reduce max {{.*}} attributes {hls.stage = 2 : i64, hls.awaits = [array<i64: 1, 8, 0, 8, 0>]}
  fixed.reduce max ins(%y : memref<8x4xi8>) outs(%z : memref<4xi8>) domain <4 | 8>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i8 {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  func.return
}

// -----

// Who writes what another one reads or writes waits for all of it.
// CHECK-LABEL: @again
func.func @again(%x: memref<8xi8>, %y: memref<8xi8>) {
  // CHECK: hls.stage = 0 : i64, hls.awaits = []
  fixed.map ins(%x : memref<8xi8>) outs(%y : memref<8xi8>) domain <8>
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  // CHECK: hls.stage = 1 : i64, hls.awaits = [array<i64: 0, 8, 0, 8, 0>]
  fixed.map ins(%y : memref<8xi8>) outs(%x : memref<8xi8>) domain <8>
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  func.return
}

// -----

// In a loop forms start together in each round: one waits for those of its round alone, all of what it reads and writes.
// CHECK-LABEL: @rounds
func.func @rounds(%x: memref<4x8xi8>, %h: memref<8xi8>) {
  %a = memplan.buffer : memref<8xi8>
  %b = memplan.buffer : memref<8xi8>
  // CHECK: memplan.loop 4
  memplan.loop 4 along <0, -1, -1> {
    // CHECK: hls.stage = 0 : i64, hls.awaits = []
    fixed.map ins(%x : memref<4x8xi8>) outs(%a : memref<8xi8>) domain <4, 8>
        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>] {
    ^bb0(%v: i8):
      fixed.yield %v : i8
    }
    // CHECK: hls.stage = 1 : i64, hls.awaits = []
    fixed.map ins(%h : memref<8xi8>) outs(%b : memref<8xi8>) domain <8>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
    ^bb0(%v: i8):
      fixed.yield %v : i8
    }
    // Its rows are single elements: it does not wait for each of the first form's, where it waits for all of the other's.
    // CHECK: hls.stage = 2 : i64, hls.awaits = [array<i64: 0, 8, 0, 8, 0>, array<i64: 1, 8, 0, 8, 0>]
    fixed.map ins(%a, %b : memref<8xi8>, memref<8xi8>) outs(%h : memref<8xi8>) domain <8>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
    ^bb0(%v: i8, %w: i8):
      %s = arith.addi %v, %w : i8
      fixed.yield %s : i8
    }
  }
  func.return
}
