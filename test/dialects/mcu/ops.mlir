// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

%c0 = arith.constant 0 : index
%c8 = arith.constant 8 : index
%c1 = arith.constant 1 : index
// CHECK: scf.for
scf.for %i = %c0 to %c8 step %c1 {
  // CHECK-NEXT: mcu.pipeline ii 2
  mcu.pipeline ii 2
// CHECK-NEXT: } {mcu.label = "conv1_oh"}
} {mcu.label = "conv1_oh"}
