// RUN: tinyml-opt -p convert-loops-to-rtl %s | filecheck %s
// RUN: tinyml-opt -p convert-loops-to-rtl %s | tinyml-opt -t rtl | filecheck %s --check-prefix=TEXT

"memref.global"() <{sym_name = "net_w", type = memref<4xi8>, initial_value = dense<[1, 2, 3, -4]> : tensor<4xi8>, sym_visibility = "private", constant}> : () -> ()

// Four words at once: an array has three read ports, a constant two. What has few needs no copy, nor does one word.
// CHECK: rtl.memory @net_w words 4 lanes 1 reads 2 : i8
// CHECK: rtl.memory @net__in0 words 5 lanes 1 reads 3 collision_free : i8
// CHECK: rtl.memory @net__out1 words 4 lanes 1 collision_free : i8

// TEXT:      reg [7:0] net_w [0:3];
// TEXT-NEXT: initial $readmemh("net_w.hex", net_w);
// TEXT-NEXT: reg [7:0] net_w__copy1 [0:3];
// TEXT-NEXT: initial $readmemh("net_w.hex", net_w__copy1);
// TEXT:      {{.*}} <= net_w[
// TEXT-NEXT: {{.*}} <= net_w[
// TEXT-NEXT: {{.*}} <= net_w__copy1[
// TEXT:      (* no_rw_check *) reg [7:0] net__in0 [0:4];
// TEXT-NEXT: (* no_rw_check *) reg [7:0] net__in0__copy1 [0:4];
// TEXT:      if (net__in0__mask) net__in0[net__in0__at] <= net__in0__data;
// TEXT-NEXT: if (net__in0__mask) net__in0__copy1[net__in0__at] <= net__in0__data;
// TEXT:      net__in0__q2 <= `TINYML_READ(net__in0[net__in0__q2__at], {{.*}});
// TEXT:      net__in0__q3 <= `TINYML_READ(net__in0__copy1[net__in0__q3__at], {{.*}});
func.func private @net_sums(%in0 : memref<5xi8>, %out : memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %w = memref.get_global @net_w : memref<4xi8>
  scf.for %i = %c0 to %c4 step %c1 {
    %a = memref.load %in0[%c0] : memref<5xi8>
    %b = memref.load %in0[%c1] : memref<5xi8>
    %c = memref.load %in0[%c3] : memref<5xi8>
    %d = memref.load %in0[%i] : memref<5xi8>
    %e = memref.load %w[%c0] : memref<4xi8>
    %f = memref.load %w[%c3] : memref<4xi8>
    %g = memref.load %w[%i] : memref<4xi8>
    %s0 = arith.addi %a, %b : i8
    %s1 = arith.addi %c, %d : i8
    %s2 = arith.addi %e, %f : i8
    %s3 = arith.addi %s0, %s1 : i8
    %s4 = arith.addi %s2, %g : i8
    %s5 = arith.addi %s3, %s4 : i8
    memref.store %s5, %out[%i] : memref<4xi8>
  }
  func.return
}

func.func @net(%x : memref<5xi8>, %y : memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<5x!fixed.q<i8, 1.0>>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<4x!fixed.q<i8, 1.0>>, permutation <0>>]} {
  func.call @net_sums(%x, %y) : (memref<5xi8>, memref<4xi8>) -> ()
  func.return
}
