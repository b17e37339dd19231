// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

%c0 = arith.constant 0 : index
%c8 = arith.constant 8 : index
%c1 = arith.constant 1 : index
// CHECK: scf.for
scf.for %i = %c0 to %c8 step %c1 {
// CHECK-NEXT: } {mcu.label = "conv1_oh"}
} {mcu.label = "conv1_oh"}

// CHECK: %{{.*}} = mcu.machine "multiply_high_add"(%a, %b, %c) : (i32, i32, i32) -> i32
%a, %b, %c = "test.op"() : () -> (i32, i32, i32)
%d = mcu.machine "multiply_high_add"(%a, %b, %c) : (i32, i32, i32) -> i32
// CHECK: mcu.machine "saturate"(%{{.*}}) immediates [6, 8] : (i32) -> i32
%e = mcu.machine "saturate"(%d) immediates [6, 8] : (i32) -> i32
%x, %w, %column, %sums = "test.op"() : () -> (memref<4x8xi8>, memref<16x256xi16, "flash">, memref<64xi32>, memref<8xi32>)
// CHECK: mcu.load_word %x[%c0, %c1] : memref<4x8xi8>
%word = mcu.load_word %x[%c0, %c1] : memref<4x8xi8>
// CHECK: mcu.at %x[%c0, %c1] : memref<4x8xi8> -> memref<7xi8>
%at = mcu.at %x[%c0, %c1] : memref<4x8xi8> -> memref<7xi8>
// CHECK: mcu.dot_block %w[%c0, %c0] data(%column) at(%c0) sums %sums window [16, 2] : memref<16x256xi16, "flash">(memref<64xi32>) memref<8xi32>
mcu.dot_block %w[%c0, %c0] data(%column) at(%c0) sums %sums window [16, 2] : memref<16x256xi16, "flash"> (memref<64xi32>) memref<8xi32>
// Words hold weights of halves that were copied.
// CHECK: mcu.dot_block %column[%c8] data(%column) at(%c0) sums %sums window [4, 2] : memref<64xi32>(memref<64xi32>) memref<8xi32>
mcu.dot_block %column[%c8] data(%column) at(%c0) sums %sums window [4, 2] : memref<64xi32> (memref<64xi32>) memref<8xi32>
%pairs = "test.op"() : () -> memref<16x256xi8, "flash">
// CHECK: mcu.pair_block %pairs[%c0, %c0] data(%column) at(%c0) counts(%c8) sums %sums window [2, 2] : memref<16x256xi8, "flash">(memref<64xi32>) memref<8xi32>
mcu.pair_block %pairs[%c0, %c0] data(%column) at(%c0) counts(%c8) sums %sums window [2, 2] : memref<16x256xi8, "flash"> (memref<64xi32>) memref<8xi32>

// CHECK: mcu.pair_block %pairs[%c0, %c0] data(%column) at(%c0) sums %sums window [16, 2] : memref<16x256xi8, "flash">(memref<64xi32>) memref<8xi32>
mcu.pair_block %pairs[%c0, %c0] data(%column) at(%c0) sums %sums window [16, 2] : memref<16x256xi8, "flash"> (memref<64xi32>) memref<8xi32>
%lanes, %rows = "test.op"() : () -> (memref<16x36xi16, "flash">, memref<336xi32>)
// CHECK: mcu.lanes_block %lanes[%c0, %c0] data(%rows) at(%c8) sums %sums window [3, 3, 2, 1, 64, 448] : memref<16x36xi16, "flash">(memref<336xi32>) memref<8xi32>
mcu.lanes_block %lanes[%c0, %c0] data(%rows) at(%c8) sums %sums window [3, 3, 2, 1, 64, 448] : memref<16x36xi16, "flash"> (memref<336xi32>) memref<8xi32>
%plane, %outs = "test.op"() : () -> (memref<768xi16, "flash">, memref<2xi32>)
// CHECK: mcu.plane_block %plane[%c0] data(%rows) at(%c1) sums %outs window [2, 1, 4, 8, 0] : memref<768xi16, "flash">(memref<336xi32>) memref<2xi32>
mcu.plane_block %plane[%c0] data(%rows) at(%c1) sums %outs window [2, 1, 4, 8, 0] : memref<768xi16, "flash"> (memref<336xi32>) memref<2xi32>

// CHECK: mcu.machine "multiply_high_halves" called(%{{.*}}, %{{.*}}) : (i16, i16) -> i16
%h = "test.op"() : () -> i16
%p = mcu.machine "multiply_high_halves" called(%h, %h) : (i16, i16) -> i16
// CHECK: mcu.machine "shift_to_half"(%{{.*}}) immediates [5] : (i24) -> i16
%t, %n = "test.op"() : () -> (i24, index)
%q = mcu.machine "shift_to_half"(%t) immediates [5] : (i24) -> i16
%bytes, %narrow = "test.op"() : () -> (memref<8x300xi8, "flash">, memref<4xi24>)
// CHECK: mcu.direct_block %bytes[%c0, %c8] data(%x, %x) at(%c0, %c1, %c1, %c0) sums %narrow window [2, 2, 1, 7, 7] : memref<8x300xi8, "flash">(memref<4x8xi8>, memref<4x8xi8>) memref<4xi24>
mcu.direct_block %bytes[%c0, %c8] data(%x, %x) at(%c0, %c1, %c1, %c0) sums %narrow window [2, 2, 1, 7, 7] : memref<8x300xi8, "flash"> (memref<4x8xi8>, memref<4x8xi8>) memref<4xi24>
%row = "test.op"() : () -> memref<90xi8, "flash">
// CHECK: mcu.sparse_block "delta4" %row[%c1] data %x[%c0, %c0] count %n sum %t : memref<90xi8, "flash">, memref<4x8xi8>
%v = mcu.sparse_block "delta4" %row[%c1] data %x[%c0, %c0] count %n sum %t : memref<90xi8, "flash">, memref<4x8xi8>
%counted = "test.op"() : () -> memref<3x36xi8, "flash">
// CHECK: mcu.clipped_block %counted[%c0, %c1] data(%x) at(%c0, %c1) counts(%c1, %n) sums %narrow window [4, 1, 3, 96, 12, 128] : memref<3x36xi8, "flash">(memref<4x8xi8>) memref<4xi24>
mcu.clipped_block %counted[%c0, %c1] data(%x) at(%c0, %c1) counts(%c1, %n) sums %narrow window [4, 1, 3, 96, 12, 128] : memref<3x36xi8, "flash"> (memref<4x8xi8>) memref<4xi24>
%arena, %starts = "test.op"() : () -> (memref<768xi8>, memref<3xi16>)
// CHECK: mcu.direct_block %bytes[%c0, %c8] data(%arena, %arena, %starts) at(%c0, %n, %c1) sums %narrow window [2, 2, 2, 7, 0] : memref<8x300xi8, "flash">(memref<768xi8>, memref<768xi8>, memref<3xi16>) memref<4xi24>
mcu.direct_block %bytes[%c0, %c8] data(%arena, %arena, %starts) at(%c0, %n, %c1) sums %narrow window [2, 2, 2, 7, 0] : memref<8x300xi8, "flash"> (memref<768xi8>, memref<768xi8>, memref<3xi16>) memref<4xi24>
// CHECK: mcu.clipped_block %counted[%c0, %c1] data(%arena, %starts) at(%n, %c0) counts(%c1, %n) sums %narrow window [4, 1, 3, 0, 12, 128] : memref<3x36xi8, "flash">(memref<768xi8>, memref<3xi16>) memref<4xi24>
mcu.clipped_block %counted[%c0, %c1] data(%arena, %starts) at(%n, %c0) counts(%c1, %n) sums %narrow window [4, 1, 3, 0, 12, 128] : memref<3x36xi8, "flash"> (memref<768xi8>, memref<3xi16>) memref<4xi24>
%wide, %table, %results = "test.op"() : () -> (memref<8x72xi8, "flash">, memref<2x64xi32, "flash">, memref<8xi8>)
// CHECK: mcu.wide_block %wide[%c0, %c0] data(%rows) at(%c8) sums %sums window [3, 3, 1, 1, 64, 448] : memref<8x72xi8, "flash">(memref<336xi32>) memref<8xi32>
mcu.wide_block %wide[%c0, %c0] data(%rows) at(%c8) sums %sums window [3, 3, 1, 1, 64, 448] : memref<8x72xi8, "flash"> (memref<336xi32>) memref<8xi32>
// CHECK: mcu.requantize_block %table[%c0, %c8] data(%sums) at(%c0) sums %results window [8, 64, 6, -8160, -128, 127] : memref<2x64xi32, "flash">(memref<8xi32>) memref<8xi8>
mcu.requantize_block %table[%c0, %c8] data(%sums) at(%c0) sums %results window [8, 64, 6, -8160, -128, 127] : memref<2x64xi32, "flash"> (memref<8xi32>) memref<8xi8>
// CHECK: mcu.finish_block %table[%c8, %c1] data(%sums) at(%c0) sums %results window [2, 4, 1, 64, 6, -8160] : memref<2x64xi32, "flash">(memref<8xi32>) memref<8xi8>
mcu.finish_block %table[%c8, %c1] data(%sums) at(%c0) sums %results window [2, 4, 1, 64, 6, -8160] : memref<2x64xi32, "flash"> (memref<8xi32>) memref<8xi8>
// CHECK: mcu.finish_block %table[%c8, %c1] data(%sums) at(%c0) counts(%n) sums %results window [2, 0, 1, 64, 6, -8160] : memref<2x64xi32, "flash">(memref<8xi32>) memref<8xi8>
mcu.finish_block %table[%c8, %c1] data(%sums) at(%c0) counts(%n) sums %results window [2, 0, 1, 64, 6, -8160] : memref<2x64xi32, "flash"> (memref<8xi32>) memref<8xi8>
// CHECK: mcu.copy_block %x[%c0, %c1] data() at() sums %sums window [5] : memref<4x8xi8>() memref<8xi32>
mcu.copy_block %x[%c0, %c1] data() at() sums %sums window [5] : memref<4x8xi8> () memref<8xi32>
// CHECK: mcu.gather_block %x[%c0, %c1] data() at() sums %sums window [1, 0, 2, 2] : memref<4x8xi8>() memref<8xi32>
mcu.gather_block %x[%c0, %c1] data() at() sums %sums window [1, 0, 2, 2] : memref<4x8xi8> () memref<8xi32>
%packed, %both, %filled, %bytes2 = "test.op"() : () -> (memref<2x32xi16, "flash">, memref<8x2xi32, "flash">, memref<8xi32>, memref<64xi8>)
// CHECK: mcu.groups_block %packed[%c0, %c0] data(%filled, %both) at(%c0, %c0, %c0) sums %bytes2 window [2, 2, 8, 1, 2, 1, 6, -8160] : memref<2x32xi16, "flash">(memref<8xi32>, memref<8x2xi32, "flash">) memref<64xi8>
mcu.groups_block %packed[%c0, %c0] data(%filled, %both) at(%c0, %c0, %c0) sums %bytes2 window [2, 2, 8, 1, 2, 1, 6, -8160] : memref<2x32xi16, "flash"> (memref<8xi32>, memref<8x2xi32, "flash">) memref<64xi8>
// CHECK: mcu.groups_block %packed[%c0, %c0] data(%filled, %both) at(%c0, %c0, %c0) counts(%n) sums %bytes2 window [2, 2, 0, 1, 2, 1, 6, -8160] : memref<2x32xi16, "flash">(memref<8xi32>, memref<8x2xi32, "flash">) memref<64xi8>
mcu.groups_block %packed[%c0, %c0] data(%filled, %both) at(%c0, %c0, %c0) counts(%n) sums %bytes2 window [2, 2, 0, 1, 2, 1, 6, -8160] : memref<2x32xi16, "flash"> (memref<8xi32>, memref<8x2xi32, "flash">) memref<64xi8>
%taps = "test.op"() : () -> memref<96xi16, "flash">
// CHECK: mcu.planes_block %taps[%c0] data(%rows, %both) at(%c0, %c0, %c0) sums %bytes2 window [8, 2, 4, 1, 0, 5, 10, 15, 8, 1, 2, 1, 4, -2040] : memref<96xi16, "flash">(memref<336xi32>, memref<8x2xi32, "flash">) memref<64xi8>
mcu.planes_block %taps[%c0] data(%rows, %both) at(%c0, %c0, %c0) sums %bytes2 window [8, 2, 4, 1, 0, 5, 10, 15, 8, 1, 2, 1, 4, -2040] : memref<96xi16, "flash"> (memref<336xi32>, memref<8x2xi32, "flash">) memref<64xi8>
