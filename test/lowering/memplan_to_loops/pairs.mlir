// RUN: tinyml-opt -p 'convert-memplan-to-loops{word-bits=16}' --split-input-file %s | filecheck %s
// RUN: tinyml-opt -p 'convert-memplan-to-loops' --split-input-file %s | filecheck %s --check-prefix=WORD

// Two products of 8 by 8 bits fit 16 together, as no weight is -128: one addition of three bytes for both.
// CHECK-LABEL: func.func private @net_dense
// CHECK: %[[TWO:.*]] = arith.constant 2 : index
// CHECK: scf.for %[[K:.*]] = %{{.*}} to %{{.*}} step %[[TWO]] iter_args(%[[ACC:.*]] = %{{.*}}) -> (i24) {
// CHECK: %[[NEXT:.*]] = arith.addi %[[K]], %{{.*}} : index
// CHECK: memref.load %{{.*}}[%{{.*}}, %[[NEXT]]]
// CHECK: %[[P:.*]] = arith.muli {{.*}} : i16
// CHECK: %[[Q:.*]] = arith.muli {{.*}} : i16
// CHECK: %[[S:.*]] = arith.addi %[[P]], %[[Q]] : i16
// CHECK: %[[W:.*]] = arith.extsi %[[S]] : i16 to i24
// CHECK: arith.addi %[[ACC]], %[[W]] : i24
// WORD-LABEL: func.func private @net_dense
// WORD-COUNT-1: arith.muli
// WORD-NOT: arith.muli
!x = memref<1x4x!fixed.q<i8, 1.0>>
!y = memref<1x2x!fixed.q<i8, 1.0>>
func.func @net(%x: !x, %y: !y) attributes {fixed.inputs = [#fixed.port<"x", tensor<1x4x!fixed.q<i8, 1.0>>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[127, -127, 3, 4], [5, 6, 7, 8]]> : tensor<2x4xi8> as memref<2x4xi8, "flash">
  fixed.contract ins(%x, %w : !x, memref<2x4xi8, "flash">) outs(%y : !y) domain <1, 2 | 4>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <0, 0> acc i24 node "dense" {
  ^bb0(%acc: i24):
    %0 = fixed.saturate %acc to [-128, 127] : i24 -> i8
    fixed.yield %0 : i8
  }
  func.return
}

// -----

// -128 by -128, twice, is more than 16 bits hold.
// CHECK-LABEL: func.func private @wide_dense
// WORD-LABEL: func.func private @wide_dense
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-1: arith.muli {{.*}} : i16
// CHECK-NOT: arith.muli {{.*}} : i16
!x = memref<1x4x!fixed.q<i8, 1.0>>
!y = memref<1x2x!fixed.q<i8, 1.0>>
func.func @wide(%x: !x, %y: !y) attributes {fixed.inputs = [#fixed.port<"x", tensor<1x4x!fixed.q<i8, 1.0>>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[127, -128, 3, 4], [5, 6, 7, 8]]> : tensor<2x4xi8> as memref<2x4xi8, "flash">
  fixed.contract ins(%x, %w : !x, memref<2x4xi8, "flash">) outs(%y : !y) domain <1, 2 | 4>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <0, 0> acc i24 node "dense" {
  ^bb0(%acc: i24):
    %0 = fixed.saturate %acc to [-128, 127] : i24 -> i8
    fixed.yield %0 : i8
  }
  func.return
}
