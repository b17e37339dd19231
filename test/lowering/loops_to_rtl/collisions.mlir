// RUN: tinyml-opt -p convert-loops-to-rtl --split-input-file %s | filecheck %s

// Modules that run one after the other never read what is written in the same clock; one that reads and writes may.
// CHECK:      rtl.memory @net_mid words 8 lanes 1 collision_free : i8
// CHECK-NEXT: rtl.memory @net_both words 8 lanes 1 : i8
// CHECK-NEXT: rtl.memory @net__in0 words 8 lanes 1 collision_free : i8
// CHECK-NEXT: rtl.memory @net__out1 words 8 lanes 1 collision_free : i8
"memref.global"() <{sym_name = "net_mid", type = memref<8xi8>, initial_value, sym_visibility = "private"}> : () -> ()
"memref.global"() <{sym_name = "net_both", type = memref<8xi8>, initial_value, sym_visibility = "private"}> : () -> ()
func.func private @net_first(%x : memref<8xi8>, %mid : memref<8xi8>, %both : memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xi8>
    %b = memref.load %both[%i] : memref<8xi8>
    %s = arith.addi %a, %b : i8
    memref.store %s, %mid[%i] : memref<8xi8>
    memref.store %s, %both[%i] : memref<8xi8>
  }
  func.return
}
func.func private @net_second(%mid : memref<8xi8>, %y : memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %mid[%i] : memref<8xi8>
    memref.store %a, %y[%i] : memref<8xi8>
  }
  func.return
}
func.func @net(%x : memref<8xi8>, %y : memref<8xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<8x!fixed.q<i8, 1.0>>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<8x!fixed.q<i8, 1.0>>, permutation <0>>]} {
  %mid = memref.get_global @net_mid : memref<8xi8>
  %both = memref.get_global @net_both : memref<8xi8>
  func.call @net_first(%x, %mid, %both) : (memref<8xi8>, memref<8xi8>, memref<8xi8>) -> ()
  func.call @net_second(%mid, %y) : (memref<8xi8>, memref<8xi8>) -> ()
  func.return
}

// -----

// Of modules that run beside each other, one that waits for rows of whole words reads none that is written: rows of four
// elements are a word of four, rows of two are half of one.
// CHECK:      rtl.memory @net_whole words 4 lanes 4 collision_free : i8
// CHECK-NEXT: rtl.memory @net_half words 2 lanes 4 : i8
"memref.global"() <{sym_name = "net_whole", type = memref<16xi8>, initial_value, sym_visibility = "private"}> : () -> ()
"memref.global"() <{sym_name = "net_half", type = memref<8xi8>, initial_value, sym_visibility = "private"}> : () -> ()
func.func private @net_first(%x : memref<16xi8>, %whole : memref<4x4xi8>) attributes {hls.stage = 0 : i64, hls.awaits = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c4 step %c1 {
      %a = memref.load %x[%j] : memref<16xi8>
      memref.store %a, %whole[%i, %j] : memref<4x4xi8>
    } {hls.lanes = 4 : i64}
  }
  func.return
}
func.func private @net_second(%whole : memref<4x4xi8>, %half : memref<4x2xi8>) attributes {hls.stage = 1 : i64, hls.awaits = [array<i64: 0, 4, 1, 1, 0>]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c2 step %c1 {
      %a = memref.load %whole[%i, %j] : memref<4x4xi8>
      memref.store %a, %half[%i, %j] : memref<4x2xi8>
    } {hls.lanes = 2 : i64}
  }
  func.return
}
func.func private @net_third(%half : memref<2x4xi8>, %y : memref<2x4xi8>) attributes {hls.stage = 2 : i64, hls.awaits = [array<i64: 1, 4, 2, 2, 0>]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c2 step %c1 {
    scf.for %j = %c0 to %c4 step %c1 {
      %a = memref.load %half[%i, %j] : memref<2x4xi8>
      memref.store %a, %y[%i, %j] : memref<2x4xi8>
    } {hls.lanes = 4 : i64}
  }
  func.return
}
func.func @net(%x : memref<16xi8>, %y : memref<2x4xi8>) attributes {hls.dataflow,
    fixed.inputs = [#fixed.port<"x", tensor<16x!fixed.q<i8, 1.0>>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<2x4x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %flat = memref.get_global @net_whole : memref<16xi8>
  %whole = memref.reinterpret_cast %flat to offset: [0], sizes: [4, 4], strides: [4, 1] : memref<16xi8> to memref<4x4xi8>
  %both = memref.get_global @net_half : memref<8xi8>
  %rows = memref.reinterpret_cast %both to offset: [0], sizes: [4, 2], strides: [2, 1] : memref<8xi8> to memref<4x2xi8>
  %pairs = memref.reinterpret_cast %both to offset: [0], sizes: [2, 4], strides: [4, 1] : memref<8xi8> to memref<2x4xi8>
  func.call @net_first(%x, %whole) : (memref<16xi8>, memref<4x4xi8>) -> ()
  func.call @net_second(%whole, %rows) : (memref<4x4xi8>, memref<4x2xi8>) -> ()
  func.call @net_third(%pairs, %y) : (memref<2x4xi8>, memref<2x4xi8>) -> ()
  func.return
}
