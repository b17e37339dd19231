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
