// RUN: tinyml-opt -p 'fixed-fold-zero-points' %s --split-input-file | filecheck %s

!x = tensor<1x2x!fixed.q<i8, 1.0 : -3>>
!y = tensor<1x2x!fixed.q<i8, 1.0>>

// The bias [10, 20] and 3 times the sums of the weights, [3, 7].
// CHECK-LABEL: func.func @into_the_bias
func.func @into_the_bias(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i8, 1.0 : -3>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> as tensor<2x2xi8>
  %b = fixed.constant dense<[10, 20]> : tensor<2xi32> as tensor<2xi32>
  // CHECK: %[[BIAS:.*]] = fixed.constant dense<[19, 41]> : tensor<2xi32> {node = "dense_bias"}
  // CHECK-NEXT: fixed.contract ins(%x, %w : {{.*}}) params(%[[BIAS]] : tensor<2xi32>)
  // CHECK-SAME: zero_points <0, 0> acc i32
  %y = fixed.contract ins(%x, %w : !x, tensor<2x2xi8>) params(%b : tensor<2xi32>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (o)>,
            affine_map<(n, o, k) -> (n, o)>] zero_points <-3, 0> acc i32 node "dense" {
  ^bb0(%acc: i32, %bias: i32):
    %sum = arith.addi %acc, %bias : i32
    %s = fixed.saturate %sum to [-128, 127] : i32 -> i8
    fixed.yield %s : i8
  } -> !y
  func.return %y : !y
}

// -----

!x = tensor<1x2x!fixed.q<i8, 1.0 : -3>>
!y = tensor<1x2x!fixed.q<i8, 1.0>>

// Without a bias there is one now, which the body adds first.
// CHECK-LABEL: func.func @new_bias
func.func @new_bias(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i8, 1.0 : -3>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> as tensor<2x2xi8>
  // CHECK: %[[BIAS:.*]] = fixed.constant dense<[9, 21]> : tensor<2xi32>
  // CHECK: params(%[[BIAS]] : tensor<2xi32>) domain <1, 2 | 2>
  // CHECK-SAME: maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d1)>,
  // CHECK-SAME: zero_points <0, 0>
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: i32, %[[B:.*]]: i32):
  // CHECK-NEXT: %[[SUM:.*]] = arith.addi %[[ACC]], %[[B]] : i32
  // CHECK-NEXT: fixed.saturate %[[SUM]]
  %y = fixed.contract ins(%x, %w : !x, tensor<2x2xi8>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <-3, 0> acc i32 node "dense" {
  ^bb0(%acc: i32):
    %s = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %s : i8
  } -> !y
  func.return %y : !y
}

// -----

!x = tensor<1x2x!fixed.q<i8, 1.0 : -3>>
!y = tensor<1x2x!fixed.q<i8, 1.0>>

// Padded: outside the tensor an element contributes nothing, so the zero point stays.
// CHECK-LABEL: func.func @padded
func.func @padded(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i8, 1.0 : -3>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[1, 2]> : tensor<2xi8> as tensor<2xi8>
  // CHECK: zero_points <-3, 0>
  %y = fixed.contract ins(%x, %w : !x, tensor<2xi8>) domain <2 | 2>
      maps [affine_map<(p, k) -> (0, p + k)>, affine_map<(p, k) -> (k)>, affine_map<(p, k) -> (0, p)>]
      zero_points <-3, 0> acc i32 node "conv" {
  ^bb0(%acc: i32):
    %s = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %s : i8
  } -> !y
  func.return %y : !y
}

// -----

!x = tensor<1x2x!fixed.q<ui8, 1.0 : 128>>
!y = tensor<1x2x!fixed.q<i8, 1.0>>

// x - 128 times 127, twice, is an i16; x times 127, twice, is none.
// CHECK-LABEL: func.func @too_large
func.func @too_large(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<ui8, 1.0 : 128>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<127> : tensor<2x2xi8> as tensor<2x2xi8>
  // CHECK: zero_points <128, 0> acc i16
  %y = fixed.contract ins(%x, %w : !x, tensor<2x2xi8>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <128, 0> acc i16 node "dense" {
  ^bb0(%acc: i16):
    %s = fixed.saturate %acc to [-128, 127] : i16 -> i8
    fixed.yield %s : i8
  } -> !y
  func.return %y : !y
}
