// RUN: tinyml-opt -p 'memplan-allocate-lanes{board=arty-a7-35t dsps=20}' --split-input-file %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-allocate-lanes{board=arty-a7-35t dsps=20 strategy=greedy}' --split-input-file %s | filecheck %s

// Two layers run one after the other: the one with most of the work gets most of the lanes.
// CHECK-LABEL: @layers
func.func @layers(%x: memref<64xi8>, %v: memref<16x64xi8>, %w: memref<8x16xi8>, %z: memref<8xi32>) {
  %b = memplan.buffer : memref<16xi8>
  // CHECK: fixed.contract {{.*}}hls.lanes = array<i64: 1, {{(16|32|64)}}>
  fixed.contract ins(%x, %v : memref<64xi8>, memref<16x64xi8>) outs(%b : memref<16xi8>) domain <16 | 64>
      maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>]
      zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    %s = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %s : i8
  }
  // CHECK: fixed.contract
  fixed.contract ins(%b, %w : memref<16xi8>, memref<8x16xi8>) outs(%z : memref<8xi32>) domain <8 | 16>
      maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>]
      zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  func.return
}

// -----

// What scales its sums takes four multipliers at once, more than a half of six: it makes its products in turn.
// RUN: tinyml-opt -p 'memplan-allocate-lanes{board=ulx3s-85f dsps=6}' --split-input-file %s | filecheck %s --check-prefix TURN
// RUN: tinyml-opt -p 'memplan-allocate-lanes{board=ulx3s-85f dsps=6 finish_clocks=1}' --split-input-file %s | filecheck %s --check-prefix NEVER
// RUN: ! tinyml-opt -p 'memplan-allocate-lanes{board=ulx3s-85f finish_clocks=0}' --split-input-file %s 2>&1 | filecheck %s --check-prefix BAD
// BAD: finish_clocks is at least 1, got 0
// TURN-LABEL: @scaled
// NEVER-LABEL: @scaled
func.func @scaled(%x: memref<64xi8>, %v: memref<16x64xi8>, %z: memref<16xi8>) {
  // TURN: fixed.contract {{.*}}hls.finish_clocks = 4 : i64
  // NEVER-NOT: hls.finish_clocks
  fixed.contract ins(%x, %v : memref<64xi8>, memref<16x64xi8>) outs(%z : memref<16xi8>) domain <16 | 64>
      maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>]
      zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    %wide = arith.extsi %acc : i32 to i64
    %scale = arith.constant 1518500249 : i64
    %product = arith.muli %wide, %scale : i64
    %shift = arith.constant 40 : i64
    %high = arith.shrsi %product, %shift : i64
    %y = arith.trunci %high : i64 to i8
    fixed.yield %y : i8
  }
  func.return
}
