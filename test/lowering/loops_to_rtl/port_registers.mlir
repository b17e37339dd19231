// RUN: tinyml-opt -p 'convert-loops-to-rtl{port_registers=1}' %s | filecheck %s
// RUN: ! tinyml-opt -p 'convert-loops-to-rtl{port_registers=9}' %s 2>&1 | filecheck %s --check-prefix MOST

// MOST: port_registers is 0 to 8

// Addresses, a word and which of its elements are written come from a register; done comes as much later.
func.func private @net_copy(%in0 : memref<8xi8>, %out : memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // CHECK:      %[[VALID:.*]] = rtl.run
  // CHECK:      %[[AT:.*]] = rtl.running 0 by [-7, 1]
  // CHECK-NEXT: %[[READ_AT:.*]] = rtl.delay %[[AT]] : i4
  // CHECK-NEXT: %[[WORD:.*]] = rtl.read @net__out0 port 0[%[[READ_AT]]] : (i4) -> i8
  // CHECK-NEXT: %[[FIRST:.*]] = rtl.delay reset %[[VALID]] : i1
  // CHECK-NEXT: %[[SECOND:.*]] = rtl.delay reset %[[FIRST]] : i1
  // CHECK-NEXT: %[[MASK:.*]] = rtl.delay reset %[[SECOND]] : i1
  // CHECK-NEXT: %[[AT_2:.*]] = rtl.delay %[[READ_AT]] : i4
  // CHECK-NEXT: %[[WRITE_AT:.*]] = rtl.delay %[[AT_2]] : i4
  // CHECK-NEXT: %[[DATA:.*]] = rtl.delay %[[WORD]] : i8
  // CHECK-NEXT: rtl.write @net__out1[%[[WRITE_AT]]], %[[DATA]] mask %[[MASK]] : i4, i8, i1
  // CHECK-COUNT-4: rtl.delay reset
  // CHECK-NEXT: rtl.done
  scf.for %i = %c0 to %c8 step %c1 {
    %x = memref.load %in0[%i] : memref<8xi8>
    memref.store %x, %out[%i] : memref<8xi8>
  }
  func.return
}

func.func @net(%in0 : memref<8xi8>, %out : memref<8xi8>) {
  func.call @net_copy(%in0, %out) : (memref<8xi8>, memref<8xi8>) -> ()
  func.return
}
