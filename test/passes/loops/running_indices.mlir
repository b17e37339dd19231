// RUN: tinyml-opt -p loops-running-indices %s | filecheck %s

// An address moves by a constant in each iteration; the loop outside takes back what the inner one has moved too far.
// CHECK-LABEL: func.func @windows
func.func @windows(%x : memref<4x8xi8>, %y : memref<3x8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  // CHECK:      %x_1 = memref.reinterpret_cast %x to offset: [0], sizes: [32], strides: [1]
  // CHECK:      scf.for %i = %{{.*}} iter_args(%at = %[[X0:.*]], %at_1 = %[[Y0:.*]]) -> (index, index)
  scf.for %i = %c0 to %c3 step %c1 {
    // CHECK:      %{{.*}}, %[[END:.*]] = scf.for %j = {{.*}} iter_args(%acc = %{{.*}}, %at_2 = %at) -> (i8, index)
    %zero = arith.constant 0 : i8
    %sum = scf.for %j = %c0 to %c2 step %c1 iter_args(%acc = %zero) -> (i8) {
      // CHECK-NEXT: %[[E:.*]] = memref.load %x_1[%at_2]
      // CHECK-NEXT: %[[S:.*]] = arith.addi %acc, %[[E]]
      // CHECK-NEXT: %[[N:.*]] = arith.addi %at_2, %c8
      // CHECK-NEXT: scf.yield %[[S]], %[[N]]
      %row = arith.addi %i, %j : index
      %e = memref.load %x[%row, %c3] : memref<4x8xi8>
      %next = arith.addi %acc, %e : i8
      scf.yield %next : i8
    }
    // CHECK:      memref.store %{{.*}}, %y_1[%at_1]
    // CHECK-NEXT: %[[B:.*]] = arith.subi %[[END]], %c8
    // CHECK-NEXT: %[[O:.*]] = arith.addi %at_1, %c8
    // CHECK-NEXT: scf.yield %[[B]], %[[O]]
    memref.store %sum, %y[%i, %c0] : memref<3x8xi8>
  }
  func.return
}

// Bounds that are not known: nothing is done.
// CHECK-LABEL: func.func @unknown
func.func @unknown(%n : index, %x : memref<4x8xi8>, %y : memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: scf.for %i
  // CHECK-NEXT: memref.load %x[%c1, %i]
  scf.for %i = %c0 to %n step %c1 {
    %e = memref.load %x[%c1, %i] : memref<4x8xi8>
    memref.store %e, %y[%i] : memref<8xi8>
  }
  func.return
}
