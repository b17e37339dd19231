// RUN: tinyml-opt -p 'loops-unroll{gain=1}' %s | filecheck %s
// RUN: tinyml-opt -p 'loops-unroll{flash=8 gain=1}' %s | filecheck %s --check-prefix SMALL
// RUN: tinyml-opt -p 'loops-unroll{costs=avr gain=1}' %s | filecheck %s --check-prefix SMALL

// 4 of 16 iterations are one; each use of the counter has its own sum.
// CHECK-LABEL: @even
// CHECK-DAG: %[[END:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[STEP:.*]] = arith.constant 4 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]] step %[[STEP]] {
// CHECK-COUNT-4: memref.load
// CHECK-NOT: memref.load
// SMALL-LABEL: @even
// SMALL: memref.load
// SMALL-NOT: memref.load
// SMALL: func.return
func.func @even(%x : memref<16xi8>, %y : memref<16xi8>) {
  %from = arith.constant 0 : index
  %to = arith.constant 16 : index
  %step = arith.constant 1 : index
  scf.for %i = %from to %to step %step {
    %byte = memref.load %x[%i] : memref<16xi8>
    memref.store %byte, %y[%i] : memref<16xi8>
  }
  func.return
}

// What a loop carries goes from one iteration into the next, and into what is left of 19 behind it.
// CHECK-LABEL: @carried
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: %[[LOOP:.*]] = scf.for %{{.*}} iter_args(%[[SUM:.*]] = %[[ZERO]])
// CHECK: %[[FIRST:.*]] = arith.addi %[[SUM]], %{{.*}} : i32
// CHECK: arith.addi %[[FIRST]], %{{.*}} : i32
// CHECK: scf.yield
// CHECK: arith.addi %[[LOOP]], %{{.*}} : i32
// CHECK: func.return
func.func @carried(%x : memref<19xi32>) -> i32 {
  %from = arith.constant 0 : index
  %to = arith.constant 19 : index
  %step = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %total = scf.for %i = %from to %to step %step iter_args(%sum = %zero) -> (i32) {
    %word = memref.load %x[%i] : memref<19xi32>
    %next = arith.addi %sum, %word : i32
    scf.yield %next : i32
  }
  func.return %total : i32
}

// Three iterations need no loop.
// CHECK-LABEL: @short
// CHECK-NOT: scf.for
// CHECK-COUNT-3: memref.store
// CHECK: func.return
func.func @short(%y : memref<3xi8>, %zero : i8) {
  %from = arith.constant 0 : index
  %to = arith.constant 3 : index
  %step = arith.constant 1 : index
  scf.for %i = %from to %to step %step {
    memref.store %zero, %y[%i] : memref<3xi8>
  }
  func.return
}

// Only the innermost loop.
// CHECK-LABEL: @nested
// CHECK: scf.for
// CHECK: scf.for
// CHECK: func.return
func.func @nested(%y : memref<100x64xi8>, %zero : i8) {
  %from = arith.constant 0 : index
  %rows = arith.constant 100 : index
  %to = arith.constant 64 : index
  %step = arith.constant 1 : index
  scf.for %r = %from to %rows step %step {
    scf.for %i = %from to %to step %step {
      memref.store %zero, %y[%r, %i] : memref<100x64xi8>
    }
  }
  func.return
}
