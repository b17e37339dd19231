// RUN: tinyml-opt -p 'convert-loops-to-rtl{word_registers=1}' %s | filecheck %s
// RUN: tinyml-opt -p convert-loops-to-rtl %s | filecheck %s --check-prefix BARE
// RUN: ! tinyml-opt -p 'convert-loops-to-rtl{word_registers=9}' %s 2>&1 | filecheck %s --check-prefix MOST

// MOST: word_registers is 0 to 8

// A memory has a register behind its word; the product has its own, which is in the multiplier.
func.func private @net_scale(%in0 : memref<8xi8>, %out : memref<8xi16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // CHECK:      %word0 = rtl.read @net__out0 port 0[%{{.*}}] : (i4) -> i8
  // CHECK-NEXT: %[[OUT:.*]] = rtl.delay %word0 : i8
  // CHECK-NEXT: %[[FACTOR:.*]] = rtl.delay %[[OUT]] : i8
  // CHECK-NEXT: rtl.compute "mul"(%[[FACTOR]], %[[FACTOR]]) : (i8, i8) -> i16
  // BARE:       %word0 = rtl.read
  // BARE-NEXT:  %[[FACTOR:.*]] = rtl.delay %word0 : i8
  // BARE-NEXT:  rtl.compute "mul"(%[[FACTOR]], %[[FACTOR]]) : (i8, i8) -> i16
  scf.for %i = %c0 to %c8 step %c1 {
    %x = memref.load %in0[%i] : memref<8xi8>
    %y = arith.extsi %x : i8 to i16
    %p = arith.muli %y, %y : i16
    memref.store %p, %out[%i] : memref<8xi16>
  }
  func.return
}

func.func @net(%in0 : memref<8xi8>, %out : memref<8xi16>) {
  func.call @net_scale(%in0, %out) : (memref<8xi8>, memref<8xi16>) -> ()
  func.return
}
