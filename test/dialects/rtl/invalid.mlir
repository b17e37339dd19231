// RUN: tinyml-opt --verify-diagnostics --split-input-file %s | filecheck %s

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: no operation 'mean'; there are add, sub
  %b = rtl.compute "mean"(%a, %a) : (i1, i1) -> i1
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: 'add' takes 2 operands, got 1
  %b = rtl.compute "add"(%a) : (i1) -> i1
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: 'shr' needs amount
  %b = rtl.compute "shr"(%a) : (i1) -> i1
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: a register has the width of what it holds
  %b = rtl.delay %a : i1 -> i2
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: a counter counts at least 2 steps, got 1
  %b, %c = rtl.counter 1 when %a : i1, i1
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: one delta for each flag
  %b = rtl.running 0 by [1, 2] when %a : i4
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: a value of the width of what an `rtl.carried` holds
  rtl.next %a, %a : i1, i1
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: 3 values are not groups of 2
  %b, %c, %d = rtl.serialize %a(%a, %a, %a) : (i1, i1, i1) -> (i1, i1, i1)
}

// -----

// CHECK: a copy of a memory has at least one read port
rtl.memory @m words 4 lanes 1 reads 0 : i8

// -----

// CHECK: init has shape (2, 2), not words x lanes
rtl.memory @m words 4 lanes 1 : i8 = dense<1> : tensor<2x2xi8>

// -----

rtl.top @t inputs [] outputs [] {
  // CHECK: a loop has at least one round, and an argument for its number
  rtl.repeat 2 {
  ^bb0(%t : i8):
    rtl.start @m
  }
}

// -----

// CHECK: a module has one `rtl.done`, got 0
rtl.module @m {
  %a = rtl.run : i1
  rtl.stop %a
}

// -----

// CHECK: each `rtl.carried` has one `rtl.next`
rtl.module @m {
  %a = rtl.run : i1
  rtl.stop %a
  rtl.done %a
  %zero = rtl.constant 0 : i4
  %b, %c = rtl.carried %zero when %a step %a : i4 -> i4, i4
}

// -----

// CHECK: each `rtl.await` has one `rtl.need`
rtl.module @m {
  %a = rtl.await @other : i1
  rtl.stop %a
  rtl.done %a
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: the first operand is an `rtl.await`
  rtl.need %a, %a when %a : i1
}

// -----

rtl.module @m {
  %a = rtl.run : i1
  // CHECK: rows are counted by at least one, up to all of them
  rtl.signal 2 by 3 when %a
}

// -----

// CHECK: a unit has one `rtl.give`, got 0
rtl.unit @u {
^bb0(%a : i8):
  %b = rtl.delay %a : i8 -> i8
}

// -----

// CHECK: a unit computes, without a reset: `rtl.delay` has no place in it
rtl.unit @u {
^bb0(%a : i8):
  %b = rtl.delay reset %a : i8 -> i8
  rtl.give %b : i8
}

// -----

// CHECK: nothing is written into a memory with init: it has no collisions, and is not double
rtl.memory @m words 4 lanes 1 collision_free : i8 = dense<1> : tensor<4x1xi8>
