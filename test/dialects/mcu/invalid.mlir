// RUN: tinyml-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: an initiation interval is at least 1 cycle, got 0
mcu.pipeline ii 0

// -----

%a = "test.op"() : () -> i32
// CHECK: there is no machine operation `square`; there are multiply_high_add, saturate
%b = mcu.machine "square"(%a) : (i32) -> i32

// -----

%a = "test.op"() : () -> i32
// CHECK: `saturate` takes 1 words and 2 immediates
%b = mcu.machine "saturate"(%a) immediates [6] : (i32) -> i32

// -----

%a = "test.op"() : () -> i32
// CHECK: `saturate` shifts by 1 to 31 and has 1 to 32 bits
%b = mcu.machine "saturate"(%a) immediates [32, 8] : (i32) -> i32

// -----

%a = "test.op"() : () -> i32
// CHECK: `unpack_bytes` begins at byte 0 or 1
%b = mcu.machine "unpack_bytes"(%a) immediates [2] : (i32) -> i32

// -----

%i, %x = "test.op"() : () -> (index, memref<4x8xi16>)
// CHECK: expected a memref of i8, got memref<4x8xi16>
%w = mcu.load_word %x[%i, %i] : memref<4x8xi16>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<8xi32>, memref<8xi32>)
// CHECK: a block of 4 quads and 2 pixels needs 16 words here
mcu.dot_block %w[%i], %x, %s quads 4 pixels 2 : memref<64xi16>, memref<8xi32>, memref<8xi32>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<16xi32>, memref<8xi32>)
// CHECK: a block has at least one quad, and one or two pixels
mcu.dot_block %w[%i], %x, %s quads 4 pixels 3 : memref<64xi16>, memref<16xi32>, memref<8xi32>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<16xi32>, memref<8xi32>)
// CHECK: a window has six numbers of at least 1, and one or two pixels
mcu.lanes_block %w[%i], %x[%i], %s window [3, 3, 2] : memref<64xi16>, memref<16xi32>, memref<8xi32>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<16xi32>, memref<8xi32>)
// CHECK: a block of a plane has three rows, one to six outputs, a stride of 1 or 2
mcu.plane_block %w[%i], %x[%i], %s outputs 2 stride 1 rows [0, 4] : memref<64xi16>, memref<16xi32>, memref<8xi32>
