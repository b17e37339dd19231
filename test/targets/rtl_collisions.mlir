// RUN: tinyml-opt -t rtl %s | filecheck %s

// CHECK:      `ifdef TINYML_COLLISIONS
// CHECK-NEXT: `define TINYML_READ(word, collides) ((collides) ? ~(word) : (word))
// CHECK-NEXT: `else
// CHECK-NEXT: `define TINYML_READ(word, collides) (word)
// CHECK-NEXT: `endif
rtl.memory @net__in0 words 4 lanes 1 : i8
rtl.memory @net_mid words 4 lanes 1 collision_free : i8
rtl.memory @net__out1 words 4 lanes 1 : i8

rtl.module @net_copy {
  %valid = rtl.run : i1
  %i, %end = rtl.counter 4 when %valid : i3, i1
  %last = rtl.compute "and"(%valid, %end) : (i1, i1) -> i1
  rtl.stop %last
  %x = rtl.read @net__in0 port 0 [%i] : (i3) -> i8
  %at = rtl.delay %i : i3 -> i3
  %later = rtl.delay reset %valid : i1 -> i1
  %done = rtl.delay reset %last : i1 -> i1
  rtl.write @net_mid[%at], %x mask %later : i3, i8, i1
  rtl.done %done
}

// The second module writes what it reads in the clock in which it is read: a simulation shows that.
rtl.module @net_again {
  %valid = rtl.run : i1
  %i, %end = rtl.counter 4 when %valid : i3, i1
  %last = rtl.compute "and"(%valid, %end) : (i1, i1) -> i1
  rtl.stop %last
  %x = rtl.read @net_mid port 0 [%i] : (i3) -> i8
  %zero = rtl.constant 0 : i8
  rtl.write @net_mid[%i], %zero mask %valid : i3, i8, i1
  %at = rtl.delay %i : i3 -> i3
  %later = rtl.delay reset %valid : i1 -> i1
  %done = rtl.delay reset %last : i1 -> i1
  rtl.write @net__out1[%at], %x mask %later : i3, i8, i1
  rtl.done %done
}

// CHECK:      reg [7:0] net__in0 [0:3];
// CHECK:      net__in0__q0 <= net__in0[net__in0__q0__at];
// CHECK:      (* no_rw_check *) reg [7:0] net_mid [0:3];
// CHECK:      net_mid__q0 <= `TINYML_READ(net_mid[net_mid__q0__at], |net_mid__mask & net_mid__at == net_mid__q0__at);
// CHECK:      reg [7:0] net__out1 [0:3];
rtl.top @net inputs [[@net__in0]] outputs [[@net__out1]] attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x!fixed.q<i8, 1.0>>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<4x!fixed.q<i8, 1.0>>, permutation <0>>]} {
  rtl.start @net_copy
  rtl.start @net_again
}
