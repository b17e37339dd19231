// RUN: tinyml-opt -p 'convert-loops-to-rtl{levels=3.0}' %s | filecheck %s

// Rows of 25 and of 213 elements at a computed index: 25 = 32 - 8 + 1 takes sums, 213 = 256 - 32 - 8 - 4 + 1 a multiplier.
// CHECK:      %[[WORD:.*]] = rtl.read @net__in0
// CHECK-NEXT: %[[NODE:.*]] = rtl.delay %[[WORD]]
// CHECK-NEXT: %[[BY32:.*]] = rtl.compute "shl"(%[[NODE]]) by 5
// CHECK-NEXT: %[[BY8:.*]] = rtl.compute "shl"(%[[NODE]]) by 3
// CHECK-NEXT: %[[BY24:.*]] = rtl.compute "sub"(%[[BY32]], %[[BY8]])
// CHECK-NEXT: rtl.compute "add"(%[[BY24]], %[[NODE]])
// CHECK-NOT:  rtl.compute "mul"
// CHECK:      rtl.read @net__in1
// CHECK:      rtl.compute "mul"
// CHECK:      rtl.read @net__in2
func.func private @net_rows(%x : memref<8xi8>, %few : memref<8x25xi8>, %many : memref<8x213xi8>, %y : memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %n = memref.load %x[%i] : memref<8xi8>
    %node = arith.index_cast %n : i8 to index
    %a = memref.load %few[%node, %i] : memref<8x25xi8>
    %b = memref.load %many[%node, %i] : memref<8x213xi8>
    %s = arith.addi %a, %b : i8
    memref.store %s, %y[%i] : memref<8xi8>
  }
  func.return
}

func.func @net(%x : memref<8xi8>, %few : memref<8x25xi8>, %many : memref<8x213xi8>, %y : memref<8xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<8x!fixed.q<i8, 1.0>>, permutation <0>>,
        #fixed.port<"few", tensor<8x25x!fixed.q<i8, 1.0>>, permutation <0, 1>>,
        #fixed.port<"many", tensor<8x213x!fixed.q<i8, 1.0>>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<8x!fixed.q<i8, 1.0>>, permutation <0>>]} {
  func.call @net_rows(%x, %few, %many, %y) : (memref<8xi8>, memref<8x25xi8>, memref<8x213xi8>, memref<8xi8>) -> ()
  func.return
}
