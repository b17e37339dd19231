// RUN: tinyml-opt -p convert-loops-to-rtl %s | filecheck %s

"memref.global"() <{sym_name = "net_w", type = memref<8xi8>, initial_value = dense<[1, 2, 3, 4, 5, 6, 7, -8]> : tensor<8xi8>, sym_visibility = "private", constant}> : () -> ()

// Two lanes take two elements at once: of the constant, in words of its own, and of the input.
// CHECK: rtl.memory @net__in0 words 4 lanes 2 collision_free : i8
// CHECK: rtl.memory @net__out1 words 1 lanes 1 collision_free : i8
// CHECK: rtl.memory @net_dot__rom0 words 4 lanes 2 : i8 = dense<{{.*}}> : tensor<4x2xi8>

// CHECK: rtl.module @net_dot {
func.func private @net_dot(%in0 : memref<8xi8>, %out : memref<1xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i20
  %w = memref.get_global @net_w : memref<8xi8>
  // CHECK:      %valid = rtl.run : i1
  // CHECK-NEXT: %i0, %end0 = rtl.counter 4 when %valid : i3, i1
  // CHECK-NEXT: %[[LAST:.*]] = rtl.compute "and"(%valid, %end0)
  // CHECK-NEXT: rtl.stop %[[LAST]]
  // CHECK-NEXT: %at = rtl.running 0 by [-3, 1] when %end0, %valid : i3
  // CHECK-NEXT: %word0 = rtl.read @net__in0 port 0[%at] : (i3) -> i16
  // CHECK:      %word1 = rtl.read @net_dot__rom0 port 0[%at] : (i3) -> i16
  %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (i20) {
    // The elements are multiplied between registers, and added before the sum sees them.
    // CHECK-COUNT-2: rtl.compute "mul"({{.*}}) : (i8, i8) -> i16
    // CHECK: %[[PAIR:.*]] = rtl.compute "add"({{.*}}) : (i16, i16) -> i17
    %x = memref.load %in0[%i] : memref<8xi8>
    %y = memref.load %w[%i] : memref<8xi8>
    %x1 = arith.extsi %x : i8 to i20
    %y1 = arith.extsi %y : i8 to i20
    %p = arith.muli %x1, %y1 : i20
    // CHECK: %so_far, %acc = rtl.carried
    // CHECK-NEXT: %[[SUM:.*]] = rtl.compute "add"(%so_far, %{{.*}}) : (i20, i17) -> i20
    // CHECK-NEXT: rtl.next %so_far, %[[SUM]]
    %next = arith.addi %acc, %p : i20
    scf.yield %next : i20
  } {hls.lanes = 2 : i64}
  // CHECK: rtl.compute "shr"(%acc) by 12 : (i20) -> i8
  %c12 = arith.constant 12 : i20
  %high = arith.shrsi %sum, %c12 : i20
  %byte = arith.trunci %high : i20 to i8
  // CHECK: rtl.write @net__out1[
  // CHECK: rtl.done
  memref.store %byte, %out[%c0] : memref<1xi8>
  func.return
}

// CHECK:      rtl.top @net inputs [[@net__in0]] outputs [[@net__out1]]
// CHECK:        rtl.start @net_dot
func.func @net(%x : memref<8xi8>, %y : memref<1xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<8x!fixed.q<i8, 1.0>>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<1x!fixed.q<i8, 1.0>>, permutation <0>>]} {
  func.call @net_dot(%x, %y) : (memref<8xi8>, memref<1xi8>) -> ()
  func.return
}
