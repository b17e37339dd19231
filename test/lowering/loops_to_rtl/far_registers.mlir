// RUN: tinyml-opt -p 'convert-loops-to-rtl{far_registers=1}' %s | filecheck %s
// RUN: tinyml-opt -p 'convert-loops-to-rtl{far_registers=1 word_registers=2}' %s | filecheck %s --check-prefix WORDS
// RUN: ! tinyml-opt -p 'convert-loops-to-rtl{far_registers=9}' %s 2>&1 | filecheck %s --check-prefix MOST

// MOST: far_registers is 0 to 8

// A product has a register before and one behind those of its multiplier; registers of a word count among them.
func.func private @net_scale(%in0 : memref<8xi8>, %out : memref<8xi16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // CHECK:      %word0 = rtl.read @net__out0 port 0[%{{.*}}] : (i4) -> i8
  // CHECK-NEXT: %[[FIRST:.*]] = rtl.delay %word0 : i8
  // CHECK-NEXT: %[[FACTOR:.*]] = rtl.delay %[[FIRST]] : i8
  // CHECK-NEXT: %[[PRODUCT:.*]] = rtl.compute "mul"(%[[FACTOR]], %[[FACTOR]]) : (i8, i8) -> i16
  // CHECK-NEXT: %[[OWN:.*]] = rtl.delay %[[PRODUCT]] : i16
  // CHECK-NEXT: %[[FAR:.*]] = rtl.delay %[[OWN]] : i16
  // CHECK:      rtl.write @net__out1{{.*}}%[[FAR]]
  // WORDS:      %word0 = rtl.read
  // WORDS-COUNT-3: rtl.delay
  // WORDS-NEXT: rtl.compute "mul"
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
