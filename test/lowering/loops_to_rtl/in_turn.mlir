// RUN: tinyml-opt -p convert-loops-to-rtl %s | filecheck %s
// RUN: tinyml-opt -p convert-loops-to-rtl %s | sed -n '/rtl.module @net_fast/,/rtl.done/p' | filecheck %s --check-prefix FAST

// Each sum of sixteen steps is scaled by 31 bits, in four products. Both lanes' sums come in one clock: they are handed
// on four clocks apart, and one multiplier makes the four products in these, each of parts that are chosen by how long
// ago the sum came. The first is that of both upper parts; the sum with it moves on as the others come.
// CHECK: rtl.module @net_slow
// CHECK: %[[STEP:.*]], %s1 = rtl.serialize %{{.*}}(%acc, %acc_1) every 4 : (i24, i24) -> (i1, i24)
// CHECK: %[[ONE:.*]] = rtl.delay reset %[[STEP]] : i1
// CHECK: %[[TWO:.*]] = rtl.delay reset %[[ONE]] : i1
// CHECK: %[[THREE:.*]] = rtl.delay reset %[[TWO]] : i1
// CHECK: %[[FOUR:.*]] = rtl.delay reset %[[THREE]] : i1
// CHECK: %[[C:.*]] = rtl.compute "select"(%[[FOUR]], %{{.*}}, %{{.*}}) : (i1, i18, i18) -> i18
// CHECK: %[[B:.*]] = rtl.compute "select"(%[[THREE]], %{{.*}}, %[[C]]) : (i1, i7, i18) -> i18
// CHECK: %[[A:.*]] = rtl.compute "select"(%[[TWO]], %{{.*}}, %[[B]]) : (i1, i7, i18) -> i18
// CHECK: %[[G:.*]] = rtl.compute "select"(%[[FOUR]], %{{.*}}, %{{.*}}) : (i1, i14, i18) -> i18
// CHECK: %[[F:.*]] = rtl.compute "select"(%[[THREE]], %{{.*}}, %[[G]]) : (i1, i18, i18) -> i18
// CHECK: %[[E:.*]] = rtl.compute "select"(%[[TWO]], %{{.*}}, %[[F]]) : (i1, i14, i18) -> i18
// CHECK: %[[L:.*]] = rtl.delay %[[A]] : i18
// CHECK: %[[R:.*]] = rtl.delay %[[E]] : i18
// CHECK: %[[P:.*]] = rtl.compute "mul"(%[[L]], %[[R]]) : (i18, i18) -> i36
// CHECK: %[[Q:.*]] = rtl.delay %[[P]] : i36
// CHECK: rtl.compute "shl"(%[[Q]]) by 17 : (i36) -> i53
// CHECK-NOT: rtl.compute "mul"
// CHECK: rtl.module @net_fast

// A sum of two steps leaves no time: four multipliers.
// FAST-COUNT-4: rtl.compute "mul"
// FAST-NOT: rtl.compute "mul"
func.func private @net_slow(%x : memref<32xi8>, %w : memref<2xi31>, %out : memref<2xi8>) attributes {hls.finish_clocks = 4 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0 : i24
  %c40 = arith.constant 40 : i55
  scf.for %o = %c0 to %c2 step %c1 {
    %sum = scf.for %i = %c0 to %c16 step %c1 iter_args(%acc = %zero) -> (i24) {
      %twice = arith.muli %i, %c2 : index
      %at = arith.addi %twice, %o : index
      %a = memref.load %x[%at] : memref<32xi8>
      %a1 = arith.extsi %a : i8 to i24
      %next = arith.addi %acc, %a1 : i24
      scf.yield %next : i24
    }
    %m = memref.load %w[%o] : memref<2xi31>
    %s1 = arith.extsi %sum : i24 to i55
    %m1 = arith.extsi %m : i31 to i55
    %p = arith.muli %s1, %m1 : i55
    %high = arith.shrsi %p, %c40 : i55
    %y = arith.trunci %high : i55 to i8
    memref.store %y, %out[%o] : memref<2xi8>
  } {hls.lanes = 2 : i64}
  func.return
}

func.func private @net_fast(%x : memref<32xi8>, %w : memref<2xi31>, %out : memref<2xi8>) attributes {hls.finish_clocks = 4 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0 : i24
  %c40 = arith.constant 40 : i55
  scf.for %o = %c0 to %c2 step %c1 {
    %sum = scf.for %i = %c0 to %c2 step %c1 iter_args(%acc = %zero) -> (i24) {
      %twice = arith.muli %i, %c2 : index
      %at = arith.addi %twice, %o : index
      %a = memref.load %x[%at] : memref<32xi8>
      %a1 = arith.extsi %a : i8 to i24
      %next = arith.addi %acc, %a1 : i24
      scf.yield %next : i24
    }
    %m = memref.load %w[%o] : memref<2xi31>
    %s1 = arith.extsi %sum : i24 to i55
    %m1 = arith.extsi %m : i31 to i55
    %p = arith.muli %s1, %m1 : i55
    %high = arith.shrsi %p, %c40 : i55
    %y = arith.trunci %high : i55 to i8
    memref.store %y, %out[%o] : memref<2xi8>
  }
  func.return
}

func.func @net(%x : memref<32xi8>, %w : memref<2xi31>, %y : memref<2xi8>, %z : memref<2xi8>) {
  func.call @net_slow(%x, %w, %y) : (memref<32xi8>, memref<2xi31>, memref<2xi8>) -> ()
  func.call @net_fast(%x, %w, %z) : (memref<32xi8>, memref<2xi31>, memref<2xi8>) -> ()
  func.return
}
