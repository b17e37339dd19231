// RUN: tinyml-opt -p memplan-overlap,memplan-rings --split-input-file %s | filecheck %s

// Four rows are alive at once, a fifth keeps the writer from stalling, eight make a power of two of elements. The writer
// begins row `r` when row `r - 8` was read for the last time, by row `r - 7` of the reader: that is row `r - 6` of all.
// CHECK-LABEL: @windows
func.func @windows(%x: memref<64x64xi8>, %y: memref<64x64xi8>) {
  // CHECK: memplan.buffer {hls.ring = 512 : i64} : memref<64x64xi8>
  %b = memplan.buffer : memref<64x64xi8>
  // CHECK: fixed.map {{.*}} hls.awaits = [array<i64: 1, 64, 1, -6, 0>]
  fixed.map ins(%x : memref<64x64xi8>) outs(%b : memref<64x64xi8>) domain <64, 64>
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  // CHECK: fixed.reduce max {{.*}} hls.awaits = [array<i64: 0, 64, 1, 2, 0>]
  fixed.reduce max ins(%b : memref<64x64xi8>) outs(%y : memref<64x64xi8>) domain <64, 64 | 3>
      maps [affine_map<(d0, d1, d2) -> (d0 + d2 + -1, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] zero_point <0> acc i8 {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  func.return
}

// -----

// What is read column by column keeps all its rows, and so does what fits a small memory.
// CHECK-LABEL: @columns
func.func @columns(%x: memref<64x64xi8>, %z: memref<64xi8>) {
  // CHECK: memplan.buffer : memref<64x64xi8>
  %b = memplan.buffer : memref<64x64xi8>
  // CHECK: hls.awaits = []
  fixed.map ins(%x : memref<64x64xi8>) outs(%b : memref<64x64xi8>) domain <64, 64>
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  fixed.reduce max ins(%b : memref<64x64xi8>) outs(%z : memref<64xi8>) domain <64 | 64>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i8 {
  ^bb0(%v: i8):
    fixed.yield %v : i8
  }
  func.return
}
