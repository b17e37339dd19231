// RUN: tinyml-opt %s --verify-diagnostics --split-input-file | filecheck %s

%a = "test.op"() : () -> i32
// CHECK: there is no machine operation `square`; there are multiply_high_add, multiply_high_round_add, saturate
%b = mcu.machine "square"(%a) : (i32) -> i32

// -----

%a = "test.op"() : () -> i32
// CHECK: `saturate` takes 1 words and 2 immediates
%b = mcu.machine "saturate"(%a) immediates [6] : (i32) -> i32

// -----

%a = "test.op"() : () -> i32
// CHECK: `saturate` shifts by 0 to 31 and has 1 to 32 bits
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

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<16xi32>, memref<8xi32>)
// CHECK: expected a memref of i8, got memref<64xi16>
mcu.pair_block %w[%i] data(%x) at(%i) sums %s window [4, 2] : memref<64xi16> (memref<16xi32>) memref<8xi32>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<8xi32>, memref<8xi32>)
// CHECK: a block of 4 quads and 2 pixels has a column of as many words
mcu.dot_block %w[%i] data(%x) at(%i) sums %s window [4, 2] : memref<64xi16> (memref<8xi32>) memref<8xi32>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<16xi32>, memref<8xi32>)
// CHECK: a block has at least one quad, and one or two pixels
mcu.dot_block %w[%i] data(%x) at(%i) sums %s window [4, 3] : memref<64xi16> (memref<16xi32>) memref<8xi32>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<16xi32>, memref<8xi32>)
// CHECK: a window of `mcu.lanes_block` has 6 numbers, got 3
mcu.lanes_block %w[%i] data(%x) at(%i) sums %s window [3, 3, 2] : memref<64xi16> (memref<16xi32>) memref<8xi32>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi16>, memref<16xi32>, memref<8xi32>)
// CHECK: a block of a plane has three rows, one to six outputs, a stride of 1 or 2
mcu.plane_block %w[%i] data(%x) at(%i) sums %s window [7, 1, 0, 4, 8] : memref<64xi16> (memref<16xi32>) memref<8xi32>

// -----

%a = "test.op"() : () -> i32
// CHECK: `multiply_high_halves` takes i16 and gives i16
%b = mcu.machine "multiply_high_halves"(%a, %a) : (i32, i32) -> i32

// -----

%a = "test.op"() : () -> i24
// CHECK: `shift_to_half` shifts by 1 to 23
%b = mcu.machine "shift_to_half"(%a) immediates [24] : (i24) -> i16

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, memref<4xi24>)
// CHECK: a block has at most four sums, two pixels and 255 rows, one after the other
mcu.direct_block %w[%i] data(%x, %x) at(%i, %i) sums %s window [4, 2, 1, 7, 7] : memref<64xi8> (memref<16xi8>, memref<16xi8>) memref<4xi24>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, memref<4xi24>)
// CHECK: a block of 2 pixels has as many places of data
mcu.direct_block %w[%i] data(%x) at(%i) sums %s window [2, 2, 1, 7, 7] : memref<64xi8> (memref<16xi8>) memref<4xi24>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, memref<4xi16>)
// CHECK: expected sums of i24 or i32, got memref<4xi16>
mcu.direct_block %w[%i] data(%x) at(%i) sums %s window [2, 1, 1, 7, 7] : memref<64xi8> (memref<16xi8>) memref<4xi16>

// -----

%i, %w, %x, %s, %r = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, memref<4xi32>, memref<3xi16>)
// CHECK: a block of 1 pixels has as many places of data, and where sums have 24 bits one of rows apart
mcu.direct_block %w[%i] data(%x, %r) at(%i, %i) sums %s window [2, 1, 3, 7, 0] : memref<64xi8> (memref<16xi8>, memref<3xi16>) memref<4xi32>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, i24)
// CHECK: a sparse block has weights of delta8 or delta4, not of bitmap
%t = mcu.sparse_block "bitmap" %w[%i] data %x[%i] count %i sum %s : memref<64xi8>, memref<16xi8>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, memref<4xi24>)
// CHECK: a clipped block has one to four channels, 255 taps at most, an offset of 0 or 128
mcu.clipped_block %w[%i] data(%x) at(%i) counts(%i, %i) sums %s window [4, 1, 3, 96, 12, 3] : memref<64xi8> (memref<16xi8>) memref<4xi24>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, memref<4xi24>)
// CHECK: a clipped block moves forward
mcu.clipped_block %w[%i] data(%x) at(%i) counts(%i, %i) sums %s window [4, 1, 3, 96, 3, 0] : memref<64xi8> (memref<16xi8>) memref<4xi24>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, memref<4xi24>)
// CHECK: a clipped block moves forward, or by the numbers that it has beside the data
mcu.clipped_block %w[%i] data(%x) at(%i) counts(%i, %i) sums %s window [4, 1, 3, 0, 12, 0] : memref<64xi8> (memref<16xi8>) memref<4xi24>

// -----

%i, %w, %x, %s = "test.op"() : () -> (index, memref<64xi8>, memref<16xi8>, memref<4xi24>)
// CHECK: expected a memref of i16, got memref<16xi8>
mcu.clipped_block %w[%i] data(%x, %x) at(%i, %i) counts(%i, %i) sums %s window [4, 1, 3, 0, 12, 0] : memref<64xi8> (memref<16xi8>, memref<16xi8>) memref<4xi24>

// -----

%x, %i, %s = "test.op"() : () -> (memref<16xi8>, index, memref<4xi32>)
// CHECK: the block has 5 sums, memref<4xi32> holds fewer
mcu.copy_block %x[%i] data() at() sums %s window [5] : memref<16xi8> () memref<4xi32>

// -----

%w, %x, %i, %s = "test.op"() : () -> (memref<72xi8>, memref<64xi32>, index, memref<8xi32>)
// CHECK: a wide window has numbers of at least 1, and one or two pixels
mcu.wide_block %w[%i] data(%x) at(%i) sums %s window [3, 3, 3, 1, 64, 448] : memref<72xi8> (memref<64xi32>) memref<8xi32>

// -----

%t, %x, %i, %y = "test.op"() : () -> (memref<64xi32>, memref<8xi32>, index, memref<8xi8>)
// CHECK: results are shifted by 0 to 31, and have 8 bits
mcu.requantize_block %t[%i] data(%x) at(%i) sums %y window [4, 32, 32, 0, -128, 127] : memref<64xi32> (memref<8xi32>) memref<8xi8>

// -----

%t, %x, %i, %y = "test.op"() : () -> (memref<64xi32>, memref<8xi32>, index, memref<8xi8>)
// CHECK: sums of one to four channels, or eight, become results
mcu.requantize_block %t[%i] data(%x) at(%i) sums %y window [5, 32, 6, 0, -128, 127] : memref<64xi32> (memref<8xi32>) memref<8xi8>

// -----

%t, %x, %i, %y = "test.op"() : () -> (memref<64xi32>, memref<8xi32>, index, memref<8xi8>)
// CHECK: expected 1 counts, got 0
mcu.finish_block %t[%i] data(%x) at(%i) sums %y window [2, 0, 1, 2, 6, 0] : memref<64xi32> (memref<8xi32>) memref<8xi8>

// -----

%t, %x, %i, %y = "test.op"() : () -> (memref<64xi32>, memref<8xi32>, index, memref<8xi8>)
// CHECK: the block has 20 sums, memref<8xi8> holds fewer
mcu.finish_block %t[%i] data(%x) at(%i) sums %y window [2, 16, 1, 2, 6, 0] : memref<64xi32> (memref<8xi32>) memref<8xi8>

// -----

%t, %x, %i, %y = "test.op"() : () -> (memref<64xi32>, memref<8xi32>, index, memref<8xi8>)
// CHECK: lie within 4096 bytes
mcu.finish_block %t[%i] data(%x) at(%i) sums %y window [2, 4096, 1, 2, 6, 0] : memref<64xi32> (memref<8xi32>) memref<8xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: groups have at least one quad, a column and a table
mcu.groups_block %w[%i] data(%x) at(%i) sums %y window [2, 2, 8, 1, 2, 1, 6, 0] : memref<64xi16> (memref<8xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: a row of the table has what a sum begins with, and a multiplier
mcu.groups_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [2, 2, 8, 1, 2, 2, 6, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: lie within 4096 bytes
mcu.groups_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [2, 2, 4096, 1, 2, 1, 6, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: expected 1 counts, got 0
mcu.groups_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [2, 2, 0, 1, 2, 1, 6, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: results are shifted by 1 to 31
mcu.groups_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [2, 2, 8, 1, 2, 1, 0, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: one to six outputs, a stride of 1 or 2
mcu.planes_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [8, 1, 7, 1, 0, 5, 10, 15, 8, 1, 2, 1, 4, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: blocks begin with a word
mcu.planes_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [8, 2, 3, 1, 0, 5, 10, 15, 8, 1, 2, 1, 4, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: its rows, lie within 4096 bytes
mcu.planes_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [8, 1, 4, 1, 0, 5, 10, 1024, 8, 1, 2, 1, 4, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: a row of the table has what a sum begins with
mcu.planes_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [8, 1, 4, 1, 0, 5, 10, 15, 8, 1, 2, 0, 4, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%w, %x, %t, %i, %y = "test.op"() : () -> (memref<64xi16>, memref<8xi32>, memref<16xi32>, index, memref<64xi8>)
// CHECK: the block has 81 sums
mcu.planes_block %w[%i] data(%x, %t) at(%i, %i) sums %y window [11, 2, 4, 1, 0, 5, 10, 15, 10, 1, 2, 1, 4, 0] : memref<64xi16> (memref<8xi32>, memref<16xi32>) memref<64xi8>

// -----

%x, %i, %y = "test.op"() : () -> (memref<64xi8>, index, memref<8xi32>)
// CHECK: a column is made of at least one word, of one or two pixels
mcu.gather_block %x[%i] data() at() sums %y window [1, 0, 2, 3] : memref<64xi8> () memref<8xi32>
