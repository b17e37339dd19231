// RUN: tinyml-opt -p memplan-split-reductions --split-input-file %s | filecheck %s

// A mean over all rows and columns: the sum gets a buffer of 16-bit accumulators, 4 * 4 * 255 fit; a map finishes.
// CHECK-LABEL: @global_mean
// CHECK: [[SUM:%[0-9]+]] = memplan.buffer node "pool_sum" : memref<1x1x1x8xi16>
// CHECK-NEXT: fixed.reduce sum ins(%x : memref<1x4x4x8xi8>) outs([[SUM]] : memref<1x1x1x8xi16>)
// CHECK-SAME: domain <1, 1, 1, 8 | 4, 4>
// CHECK-SAME: zero_point <-128> acc i16 node "pool_sum" {
// CHECK-NEXT: ^{{.*}}([[ACC:%[^ ]+]]: i16):
// CHECK-NEXT: fixed.yield [[ACC]] : i16
// CHECK: fixed.map ins([[SUM]] : memref<1x1x1x8xi16>) params(%bias : memref<8xi32>) outs(%y : memref<1x1x1x8xi8>)
// CHECK-SAME: domain <1, 1, 1, 8>
// CHECK-SAME: node "pool" {
// CHECK-NEXT: ^{{.*}}([[NARROW:%[^ ]+]]: i16, %b: i32):
// CHECK-NEXT: arith.extsi [[NARROW]] : i16 to i32
func.func @global_mean(%x: memref<1x4x4x8xi8>, %bias: memref<8xi32>, %y: memref<1x1x1x8xi8>) {
  fixed.reduce sum ins(%x : memref<1x4x4x8xi8>) params(%bias : memref<8xi32>) outs(%y : memref<1x1x1x8xi8>)
      domain <1, 1, 1, 8 | 4, 4>
      maps [affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d4, d5, d3)>, affine_map<(d0, d1, d2, d3, d4, d5) -> (d3)>,
            affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3)>] zero_point <-128> acc i32 node "pool" {
  ^bb0(%acc: i32, %b: i32):
    %0 = arith.addi %acc, %b : i32
    %1 = fixed.rescale %0 shift 4 half_up in i32 : i32 -> i32
    %2 = fixed.saturate %1 to [-128, 127] : i32 -> i8
    fixed.yield %2 : i8
  }
  func.return
}

// -----

// A pool whose windows do not cover all rows makes rows itself: nothing to do.
// CHECK-LABEL: @windows
// CHECK-NOT: memplan.buffer
// CHECK: fixed.reduce max
func.func @windows(%x: memref<1x4x4x8xi8>, %y: memref<1x2x2x8xi8>) {
  fixed.reduce max ins(%x : memref<1x4x4x8xi8>) outs(%y : memref<1x2x2x8xi8>) domain <2, 2, 8 | 2, 2>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (0, d0 * 2 + d3, d1 * 2 + d4, d2)>,
            affine_map<(d0, d1, d2, d3, d4) -> (0, d0, d1, d2)>] zero_point <0> acc i8 node "pool" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  func.return
}

// -----

// What only accumulates already stays as it is.
// CHECK-LABEL: @accumulates
// CHECK-NOT: fixed.map
// CHECK: fixed.reduce max
// CHECK-NOT: fixed.map
func.func @accumulates(%x: memref<1x4x4x8xi8>, %y: memref<1x8xi8>) {
  fixed.reduce max ins(%x : memref<1x4x4x8xi8>) outs(%y : memref<1x8xi8>) domain <8 | 4, 4>
      maps [affine_map<(d0, d1, d2) -> (0, d1, d2, d0)>, affine_map<(d0, d1, d2) -> (0, d0)>] zero_point <0> acc i8 {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  func.return
}
