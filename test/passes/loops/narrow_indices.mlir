// RUN: tinyml-opt -p loops-narrow-indices %s | filecheck %s

// CHECK-LABEL: func.func @loops
func.func @loops(%x : memref<24xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  // The variable and the bounds hold 0 .. 8; what is carried ends at 16, or 24 and 8 less.
  // CHECK:      %{{.*}} = scf.for %i = %{{.*}} iter_args(%at = %{{.*}}) -> (i6) : i3 {
  %0 = scf.for %i = %c0 to %c3 step %c1 iter_args(%at = %c0) -> (index) {
    // CHECK:      %[[R:.*]] = scf.for %j = %{{.*}} iter_args(%at_1 = %at) -> (i6) : i5 {
    %1 = scf.for %j = %c0 to %c8 step %c2 iter_args(%at_1 = %at) -> (index) {
      // CHECK-NEXT: %[[A:.*]] = arith.index_cast %at_1 : i6 to index
      // CHECK-NEXT: memref.load %x[%[[A]]]
      %e = memref.load %x[%at_1] : memref<24xi8>
      // CHECK-NEXT: %[[N:.*]] = arith.addi %at_1, %c2{{.*}} : i6
      // CHECK-NEXT: scf.yield %[[N]] : i6
      %2 = arith.addi %at_1, %c2 : index
      scf.yield %2 : index
    }
    // A variable that is a number, too.
    // CHECK: arith.extsi %i : i3 to i8
    %v = arith.index_cast %i : index to i8
    memref.store %v, %x[%c0] : memref<24xi8>
    // CHECK: scf.yield %[[R]] : i6
    scf.yield %1 : index
  }
  func.return
}

// Nothing is known of an argument.
// CHECK-LABEL: func.func @argument
func.func @argument(%t : index, %x : memref<24xi8>) {
  // CHECK: arith.addi %t, %{{.*}} : index
  %c1 = arith.constant 1 : index
  %0 = arith.addi %t, %c1 : index
  %e = memref.load %x[%0] : memref<24xi8>
  func.return
}
