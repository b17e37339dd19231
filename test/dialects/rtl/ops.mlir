// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt --print-op-generic %s | tinyml-opt | filecheck %s

// CHECK: rtl.memory @w words 4 lanes 2 block : i8 = dense<1> : tensor<4x2xi8>
rtl.memory @w words 4 lanes 2 block : i8 = dense<1> : tensor<4x2xi8>
// CHECK-NEXT: rtl.memory @x words 4 lanes 2 : i8
rtl.memory @x words 4 lanes 2 : i8
// CHECK: rtl.memory @y words 4 lanes 1 reads 3 collision_free : i8
rtl.memory @y words 4 lanes 1 reads 3 collision_free : i8
// CHECK: rtl.memory @z words 4 lanes 1 double : i8
rtl.memory @z words 4 lanes 1 double : i8

// CHECK: rtl.unit @double {
rtl.unit @double {
// CHECK-NEXT: ^bb0(%a: i8):
^bb0(%a : i8):
  // CHECK-NEXT: %b = rtl.compute "add"(%a, %a) : (i8, i8) -> i9
  %b = rtl.compute "add"(%a, %a) : (i8, i8) -> i9
  // CHECK-NEXT: rtl.give %b : i9
  rtl.give %b : i9
}

// CHECK: rtl.module @layer {
rtl.module @layer {
  // CHECK-NEXT: %valid = rtl.run : i1
  %valid = rtl.run : i1
  // CHECK-NEXT: %t = rtl.round 0 : i3
  %t = rtl.round 0 : i3
  // CHECK-NEXT: %i, %end = rtl.counter 4 when %valid : i3, i1
  %i, %end = rtl.counter 4 when %valid : i3, i1
  // CHECK-NEXT: %ended = rtl.held %end when %valid : i1
  %ended = rtl.held %end when %valid : i1
  // CHECK-NEXT: %at = rtl.running 0 by [-3, 1] when %end, %valid : i3
  %at = rtl.running 0 by [-3, 1] when %end, %valid : i3
  // CHECK-NEXT: %word = rtl.read @w port 0[%at] : (i3) -> i16
  %word = rtl.read @w port 0 [%at] : (i3) -> i16
  // CHECK-NEXT: %zero = rtl.constant 0 : i20
  %zero = rtl.constant 0 : i20
  // CHECK-NEXT: %e = rtl.compute "element"(%word) by 1 : (i16) -> i8
  %e = rtl.compute "element"(%word) by 1 : (i16) -> i8
  // CHECK-NEXT: %d = rtl.use @double(%e) : (i8) -> i9
  %d = rtl.use @double(%e) : (i8) -> i9
  // CHECK-NEXT: %acc, %kept = rtl.carried %zero when %end step %valid : i20 -> i20, i20
  %acc, %kept = rtl.carried %zero when %end step %valid : i20 -> i20, i20
  // CHECK-NEXT: %sum = rtl.compute "add"(%acc, %e) : (i20, i8) -> i20
  %sum = rtl.compute "add"(%acc, %e) : (i20, i8) -> i20
  // CHECK-NEXT: rtl.next %acc, %sum : i20, i20
  rtl.next %acc, %sum : i20, i20
  // CHECK-NEXT: %step, %one = rtl.serialize %valid(%sum, %kept) : (i20, i20) -> (i1, i20)
  %step, %one = rtl.serialize %valid(%sum, %kept) : (i20, i20) -> (i1, i20)
  // CHECK-NEXT: %later = rtl.delay reset %step : i1 -> i1
  %later = rtl.delay reset %step : i1 -> i1
  // CHECK-NEXT: rtl.write @y[%i], %e mask %later : i3, i8, i1
  rtl.write @y[%i], %e mask %later : i3, i8, i1
  // CHECK-NEXT: %ready = rtl.await @other : i1
  %ready = rtl.await @other : i1
  // CHECK-NEXT: rtl.need %ready, %i when %end : i3
  rtl.need %ready, %i when %end : i3
  // CHECK-NEXT: rtl.signal 4 by 1 when %later
  rtl.signal 4 by 1 when %later
  // CHECK-NEXT: rtl.stop %end
  rtl.stop %end
  // CHECK-NEXT: rtl.done %later
  rtl.done %later
}

// CHECK: rtl.top @model inputs [[@x]] outputs [[@y]] {
rtl.top @model inputs [[@x]] outputs [[@y]] {
  // CHECK-NEXT: rtl.repeat 3 {
  rtl.repeat 3 {
  // CHECK-NEXT: ^bb0(%t: index):
  ^bb0(%t : index):
    // CHECK-NEXT: rtl.start @layer(%t) : index
    rtl.start @layer(%t) : index
  }
  // CHECK: rtl.overlap {
  // CHECK-NEXT: rtl.start @layer
  // CHECK-NEXT: rtl.start @other
  rtl.overlap {
    rtl.start @layer
    rtl.start @other
  }
}
