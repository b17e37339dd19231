// RUN: tinyml-opt -p loops-linear-indices %s | filecheck %s

// CHECK-LABEL: func.func @copy
func.func @copy(%x: memref<1x4x8xi8>, %y: memref<32xi8>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c1 = arith.constant 1 : index
  // CHECK: %x_1 = memref.reinterpret_cast %x to offset: [0], sizes: [32], strides: [1]
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      // CHECK:      scf.for %j
      // CHECK-NEXT: [[EIGHT:%.*]] = arith.constant 8 : index
      // CHECK-NEXT: [[ROW:%.*]] = arith.muli %i, [[EIGHT]] : index
      // CHECK-NEXT: [[AT:%.*]] = arith.addi [[ROW]], %j : index
      // CHECK-NEXT: %v = memref.load %x_1{{\[}}[[AT]]] : memref<32xi8>
      %v = memref.load %x[%c0, %i, %j] : memref<1x4x8xi8>
      // One index stays as it is.
      // CHECK-NEXT: memref.store %v, %y[%j] : memref<32xi8>
      memref.store %v, %y[%j] : memref<32xi8>
    }
  }
  func.return
}
