// RUN: tinyml-opt -p convert-loops-to-emitc -t c %s | filecheck %s

// Loop-carried values and results of conditionals, read as C.

// A nest of reductions has one accumulator; a guarded sum works on it too.
// CHECK-LABEL: static void nest(
// CHECK-NEXT:    int32_t acc = 0;
// CHECK-NEXT:    for (int32_t i = 0; i < 4; i++) {
// CHECK-NEXT:      for (int32_t j = 0; j < 8; j++) {
// CHECK-NEXT:        if (i < j) {
// CHECK-NEXT:          acc += in[i * 8 + j];
// CHECK-NEXT:        }
// CHECK-NEXT:      }
// CHECK-NEXT:    }
// CHECK-NEXT:    out[0] = acc;
// CHECK-NEXT:  }
func.func private @nest(%in: memref<4x8xi32>, %out: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i32
  %sum = scf.for %i = %c0 to %c4 step %c1 iter_args(%acc = %zero) -> (i32) {
    %row = scf.for %j = %c0 to %c8 step %c1 iter_args(%part = %acc) -> (i32) {
      %inside = arith.cmpi slt, %i, %j : index
      %next = scf.if %inside -> (i32) {
        %x = memref.load %in[%i, %j] : memref<4x8xi32>
        %s = arith.addi %part, %x : i32
        scf.yield %s : i32
      } else {
        scf.yield %part : i32
      }
      scf.yield %next : i32
    }
    scf.yield %row : i32
  }
  memref.store %sum, %out[%c0] : memref<1xi32>
  func.return
}

// Values that change places are both read before either is assigned.
// CHECK-LABEL: static void swap(
// CHECK-NEXT:    int32_t a = in[0];
// CHECK-NEXT:    int32_t b = in[1];
// CHECK-NEXT:    for (int32_t i = 0; i < 5; i++) {
// CHECK-NEXT:      int32_t v0 = a;
// CHECK-NEXT:      a = b;
// CHECK-NEXT:      b = v0;
// CHECK-NEXT:    }
// CHECK-NEXT:    out[0] = a;
// CHECK-NEXT:    out[1] = b;
// CHECK-NEXT:  }
func.func private @swap(%in: memref<2xi32>, %out: memref<2xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %x = memref.load %in[%c0] : memref<2xi32>
  %y = memref.load %in[%c1] : memref<2xi32>
  %r:2 = scf.for %i = %c0 to %c5 step %c1 iter_args(%a = %x, %b = %y) -> (i32, i32) {
    scf.yield %b, %a : i32, i32
  }
  memref.store %r#0, %out[%c0] : memref<2xi32>
  memref.store %r#1, %out[%c1] : memref<2xi32>
  func.return
}

// The value before the inner loop is still read after it: the inner loop has a variable of its own.
// CHECK-LABEL: static void kept(
// CHECK-NEXT:    int32_t acc = 1;
// CHECK-NEXT:    for (int32_t i = 0; i < 5; i++) {
// CHECK-NEXT:      int32_t inner = acc;
// CHECK-NEXT:      for (int32_t j = 0; j < 5; j++) {
// CHECK-NEXT:        inner += in[j];
// CHECK-NEXT:      }
// CHECK-NEXT:      acc = inner * acc;
// CHECK-NEXT:    }
// CHECK-NEXT:    out[0] = acc;
// CHECK-NEXT:  }
func.func private @kept(%in: memref<5xi32>, %out: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %one = arith.constant 1 : i32
  %sum = scf.for %i = %c0 to %c5 step %c1 iter_args(%acc = %one) -> (i32) {
    %row = scf.for %j = %c0 to %c5 step %c1 iter_args(%inner = %acc) -> (i32) {
      %x = memref.load %in[%j] : memref<5xi32>
      %s = arith.addi %inner, %x : i32
      scf.yield %s : i32
    }
    %next = arith.muli %row, %acc : i32
    scf.yield %next : i32
  }
  memref.store %sum, %out[%c0] : memref<1xi32>
  func.return
}

// A read stays in front of a write to memory that may be the same.
// CHECK-LABEL: static void order(
// CHECK-NEXT:    int32_t x = p[0];
// CHECK-NEXT:    q[1] = p[1];
// CHECK-NEXT:    q[0] = x;
// CHECK-NEXT:  }
func.func private @order(%p: memref<2xi32>, %q: memref<2xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = memref.load %p[%c0] : memref<2xi32>
  %y = memref.load %p[%c1] : memref<2xi32>
  memref.store %y, %q[%c1] : memref<2xi32>
  memref.store %x, %q[%c0] : memref<2xi32>
  func.return
}

// The bounds of a loop are computed before it.
// CHECK-LABEL: static void bounds(
// CHECK-NEXT:    int32_t sum = n[0] + 1;
// CHECK-NEXT:    for (int32_t i = n[1]; i < sum; i += 2) {
// CHECK-NEXT:      n[i] = 0;
// CHECK-NEXT:    }
// CHECK-NEXT:  }
func.func private @bounds(%n: memref<9xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %x = memref.load %n[%c0] : memref<9xi32>
  %sum = arith.addi %x, %one : i32
  %last = arith.index_cast %sum : i32 to index
  %y = memref.load %n[%c1] : memref<9xi32>
  %first = arith.index_cast %y : i32 to index
  scf.for %i = %first to %last step %c2 {
    memref.store %zero, %n[%i] : memref<9xi32>
  }
  func.return
}

// A conditional with a value is a variable that both branches assign.
// CHECK-LABEL: static int32_t choose(
// CHECK-NEXT:    int32_t chosen;
// CHECK-NEXT:    if (a < b) {
// CHECK-NEXT:      chosen = a + 1;
// CHECK-NEXT:    } else {
// CHECK-NEXT:      chosen = b;
// CHECK-NEXT:    }
// CHECK-NEXT:    return chosen;
// CHECK-NEXT:  }
func.func private @choose(%a: i32, %b: i32) -> i32 {
  %one = arith.constant 1 : i32
  %c = arith.cmpi slt, %a, %b : i32
  %chosen = scf.if %c -> (i32) {
    %s = arith.addi %a, %one : i32
    scf.yield %s : i32
  } else {
    scf.yield %b : i32
  }
  func.return %chosen : i32
}

// The ports have plain types; inside, all words are of the type that may alias.
// CHECK-LABEL: void net_run(const int32_t *x, int32_t *y) {
// CHECK-NEXT:    const NET_INT32 *x_1 = (const NET_INT32 *)x;
// CHECK-NEXT:    int32_t v0 = choose(x_1[0], x_1[1]);
// CHECK-NEXT:    ((NET_INT32 *)y)[0] = v0 * 2;
// CHECK-NEXT:  }
func.func @net(%x: memref<2xi32>, %y: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %two = arith.constant 2 : i32
  %a = memref.load %x[%c0] : memref<2xi32>
  %b = memref.load %x[%c1] : memref<2xi32>
  %r = func.call @choose(%a, %b) : (i32, i32) -> i32
  %d = arith.muli %r, %two : i32
  memref.store %d, %y[%c0] : memref<1xi32>
  func.return
}
