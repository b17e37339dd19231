// RUN: tinyml-opt -p 'convert-loops-to-rtl{wide=25}' --split-input-file %s | filecheck %s

// Two results have a factor in common: one product of 25 by 8 bits, whose halves are both products once half of
// the low one's range is added; its sign bit is the other one then.
// CHECK: rtl.module @net_shared
// CHECK:      rtl.compute "shl"({{.*}}) by 16 : (i8) -> i24
// CHECK:      rtl.compute "add"({{.*}}) : (i24, i8) -> i25
// CHECK-COUNT-1: rtl.compute "mul"({{.*}}) : (i25, i8) -> i33
// CHECK-NOT:  rtl.compute "mul"
// CHECK:      rtl.constant 32768
// CHECK:      rtl.compute "add"({{.*}}) : (i33, i17) -> i33
// CHECK:      rtl.compute "not"
// CHECK:      rtl.compute "join"({{.*}}) : (i15, i1) -> i16
// CHECK:      rtl.done
func.func private @net_shared(%x : memref<8xi8>, %w : memref<16xi8>, %out : memref<2xi20>) attributes {hls.multipliers = "shared"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i20
  scf.for %o = %c0 to %c2 step %c1 {
    %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (i20) {
      %a = memref.load %x[%i] : memref<8xi8>
      %twice = arith.muli %i, %c2 : index
      %at = arith.addi %twice, %o : index
      %b = memref.load %w[%at] : memref<16xi8>
      %a1 = arith.extsi %a : i8 to i20
      %b1 = arith.extsi %b : i8 to i20
      %p = arith.muli %a1, %b1 : i20
      %next = arith.addi %acc, %p : i20
      scf.yield %next : i20
    }
    memref.store %sum, %out[%o] : memref<2xi20>
  } {hls.lanes = 2 : i64}
  func.return
}

func.func @net(%x : memref<8xi8>, %w : memref<16xi8>, %y : memref<2xi20>) {
  func.call @net_shared(%x, %w, %y) : (memref<8xi8>, memref<16xi8>, memref<2xi20>) -> ()
  func.return
}

// -----

// Rows of adders make the product: no multiplier. It is a unit, which takes a factor in each stage of its rows, and of
// the other one the bits whose rows lie there; the sign's row is subtracted.
// CHECK: rtl.unit @net__product8x8 {
// CHECK: ^bb0(%wide: i8, {{.*}}%narrow: i1, %{{.*}}: i2,
// CHECK-NOT: rtl.compute "mul"
// CHECK-COUNT-6: rtl.compute "add"
// CHECK: rtl.compute "sub"
// CHECK: rtl.give %{{.*}} : i16
// CHECK-NOT: rtl.unit
// CHECK: rtl.module @net_rows
// CHECK-COUNT-2: rtl.use @net__product8x8
// CHECK: rtl.done
func.func private @net_rows(%x : memref<8xi8>, %out : memref<8xi16>) attributes {hls.multipliers = "logic"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xi8>
    %a1 = arith.extsi %a : i8 to i16
    %p = arith.muli %a1, %a1 : i16
    memref.store %p, %out[%i] : memref<8xi16>
  } {hls.lanes = 2 : i64}
  func.return
}

func.func @net(%x : memref<8xi8>, %y : memref<8xi16>) {
  func.call @net_rows(%x, %y) : (memref<8xi8>, memref<8xi16>) -> ()
  func.return
}
