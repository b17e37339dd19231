// RUN: tinyml-opt -p hls-double-ports %s | filecheck %s
// RUN: tinyml-opt -p hls-double-ports,convert-loops-to-rtl %s | filecheck %s --check-prefix RTL
// RUN: tinyml-opt -p hls-double-ports,convert-loops-to-rtl %s | tinyml-opt -t rtl | filecheck %s --check-prefix TEXT

// Only functions that are called from outside have ports.
// CHECK:     func.func private @net_copy(
// CHECK-NOT: attributes
// CHECK:     func.func @net(
// CHECK-SAME: hls.double_ports

// RTL:      rtl.memory @net__in0 words 5 lanes 1 collision_free double : i8
// RTL-NEXT: rtl.memory @net__out1 words 5 lanes 1 collision_free double : i8

// The second memory begins at eight. Modules have one of both, the caller writes the other one, and reads what was
// written last.
// TEXT:      if (start) half__now <= !half__now;
// TEXT-NEXT: if (done) half__shown <= half__now;
func.func private @net_copy(%x : memref<5xi8>, %y : memref<5xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  scf.for %i = %c0 to %c5 step %c1 {
    %a = memref.load %x[%i] : memref<5xi8>
    memref.store %a, %y[%i] : memref<5xi8>
  }
  func.return
}
func.func @net(%x : memref<5xi8>, %y : memref<5xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<5x!fixed.q<i8, 1.0>>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<5x!fixed.q<i8, 1.0>>, permutation <0>>]} {
  func.call @net_copy(%x, %y) : (memref<5xi8>, memref<5xi8>) -> ()
  func.return
}
