// RUN: tinyml-opt -p 'memplan-tile{operations="dual_multiply_add,unpack_bytes"}' %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-tile{operations=saturate}' %s | filecheck %s --check-prefix NONE

// RUN: tinyml-opt -p 'memplan-tile{operations="dual_multiply_add,unpack_bytes" flash=34000}' %s | filecheck %s --check-prefix FLASH

// RUN: tinyml-opt -p 'memplan-tile{operations="dual_multiply_add,unpack_bytes" packed="8"}' %s | filecheck %s --check-prefix BYTES

// RUN: tinyml-opt -p 'memplan-tile{operations="dual_multiply_add,unpack_bytes" costs="cortex-m4f,5,16,64,1"}' %s | filecheck %s --check-prefix WAITS

// Bytes in flash are pairs, which take 8 bits of sums, and windows have bytes, too.
// BYTES-LABEL: @pointwise
// BYTES: tile <8, pairs, 2, 8>
// BYTES-LABEL: @windows
// BYTES: tile <24, planes, 3, 8>

// Where a line of flash takes five cycles the weights lie behind the columns: 8 words, and 2 quads of 8 words; then 4
// words with which sums begin.
// WAITS-LABEL: @pointwise
// WAITS: memplan.buffer node "conv_scratch" : memref<28xi32>
// WAITS: tile <8, columns, 2, held>
// WAITS-LABEL: @dense
// WAITS-NOT: held
// Planes hold theirs, too: three rows of three words for each channel, 48 words of weights, and 8 of starts.
// WAITS-LABEL: @windows
// WAITS: memplan.buffer : memref<128xi32>
// WAITS: planes, 3, held>
// NONE-NOT: tile
// With some kilobyte of flash for the tiles of each function, a layer of 384 multiply-accumulates gets its own.
// FLASH-LABEL: @pointwise
// FLASH: tile
// A pointwise layer of 8 to 4 channels at 3 x 4 pixels: two pixels a block, 8 points; a column of two quads for each.
// CHECK-LABEL: @pointwise
// CHECK: %[[SCRATCH:.*]] = memplan.buffer node "conv_scratch" : memref<8xi32>
// CHECK: fixed.contract ins({{.*}}) outs({{.*}}) scratch(%[[SCRATCH]] : memref<8xi32>)
// CHECK-SAME: tile <8, columns, 2> node "conv"
func.func @pointwise(%x : memref<1x3x4x8x!fixed.q<i8, 2^-4>>, %y : memref<1x3x4x4x!fixed.q<i8, 2^-4>>) {
  %w = fixed.constant dense<1> : tensor<4x8xi8> as memref<4x8xi8, "flash">
  fixed.contract ins(%x, %w : memref<1x3x4x8x!fixed.q<i8, 2^-4>>, memref<4x8xi8, "flash">)
    outs(%y : memref<1x3x4x4x!fixed.q<i8, 2^-4>>) domain <3, 4, 4 | 8>
    maps [affine_map<(d0, d1, d2, d3) -> (0, d0, d1, d3)>, affine_map<(d0, d1, d2, d3) -> (d2, d3)>,
          affine_map<(d0, d1, d2, d3) -> (0, d0, d1, d2)>] zero_points <0, 0> acc i32 node "conv" {
  ^bb0(%acc : i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// A matrix-vector product has one pixel: its column is shared by all channels.
// CHECK-LABEL: @dense
// CHECK: tile <4, columns, 1>
func.func @dense(%x : memref<1x8x!fixed.q<i8, 2^-4>>, %y : memref<1x4x!fixed.q<i8, 2^-4>>) {
  %w = fixed.constant dense<1> : tensor<4x8xi8> as memref<4x8xi8, "flash">
  fixed.contract ins(%x, %w : memref<1x8x!fixed.q<i8, 2^-4>>, memref<4x8xi8, "flash">)
    outs(%y : memref<1x4x!fixed.q<i8, 2^-4>>) domain <4 | 8>
    maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0, d0)>]
    zero_points <0, 0> acc i32 {
  ^bb0(%acc : i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// A window over each of 8 channels: a block is a row of the output, 3 columns; scratch memory has 3 rows of 3 words.
// CHECK-LABEL: @windows
// CHECK: memplan.buffer : memref<72xi32>
// CHECK: tile <24, planes, 3>
func.func @windows(%x : memref<1x3x3x8x!fixed.q<i8, 2^-4>>, %y : memref<1x3x3x8x!fixed.q<i8, 2^-4>>) {
  %w = fixed.constant dense<1> : tensor<3x3x8xi8> as memref<3x3x8xi8, "flash">
  fixed.contract ins(%x, %w : memref<1x3x3x8x!fixed.q<i8, 2^-4>>, memref<3x3x8xi8, "flash">)
    outs(%y : memref<1x3x3x8x!fixed.q<i8, 2^-4>>) domain <3, 3, 8 | 3, 3>
    maps [affine_map<(d0, d1, d2, d3, d4) -> (0, d0 + d3 + -1, d1 + d4 + -1, d2)>,
          affine_map<(d0, d1, d2, d3, d4) -> (d3, d4, d2)>, affine_map<(d0, d1, d2, d3, d4) -> (0, d0, d1, d2)>]
    zero_points <0, 0> acc i32 {
  ^bb0(%acc : i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// Of 2 x 2 taps, four channels are taken at once: scratch memory has 2 rows of 4 cells.
// CHECK-LABEL: @small_windows
// CHECK: memplan.buffer : memref<16xi32>
// CHECK: tile <24, lanes, 2>
func.func @small_windows(%x : memref<1x4x4x8x!fixed.q<i8, 2^-4>>, %y : memref<1x3x3x8x!fixed.q<i8, 2^-4>>) {
  %w = fixed.constant dense<1> : tensor<2x2x8xi8> as memref<2x2x8xi8, "flash">
  fixed.contract ins(%x, %w : memref<1x4x4x8x!fixed.q<i8, 2^-4>>, memref<2x2x8xi8, "flash">)
    outs(%y : memref<1x3x3x8x!fixed.q<i8, 2^-4>>) domain <3, 3, 8 | 2, 2>
    maps [affine_map<(d0, d1, d2, d3, d4) -> (0, d0 + d3, d1 + d4, d2)>,
          affine_map<(d0, d1, d2, d3, d4) -> (d3, d4, d2)>, affine_map<(d0, d1, d2, d3, d4) -> (0, d0, d1, d2)>]
    zero_points <0, 0> acc i32 {
  ^bb0(%acc : i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// Data of 16 bits has no columns, nor have products of two inputs.
// CHECK-LABEL: @left_alone
// CHECK-NOT: tile
func.func @left_alone(%x : memref<1x8xi16>, %v : memref<4x8xi8>, %z : memref<1x8xi8>, %y : memref<1x4xi8>) {
  %w = fixed.constant dense<1> : tensor<4x8xi8> as memref<4x8xi8, "flash">
  fixed.contract ins(%x, %w : memref<1x8xi16>, memref<4x8xi8, "flash">) outs(%y : memref<1x4xi8>) domain <4 | 8>
    maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0, d0)>]
    zero_points <0, 0> acc i32 {
  ^bb0(%acc : i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  fixed.contract ins(%z, %v : memref<1x8xi8>, memref<4x8xi8>) outs(%y : memref<1x4xi8>) domain <4 | 8>
    maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0, d0)>]
    zero_points <0, 0> acc i32 {
  ^bb0(%acc : i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
  func.return
}
