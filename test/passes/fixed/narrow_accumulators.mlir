// RUN: tinyml-opt -p 'fixed-narrow-accumulators' %s | filecheck %s
// RUN: tinyml-opt -p 'fixed-narrow-accumulators{least=32}' %s | filecheck %s --check-prefix=WORD

!x = tensor<1x2x!fixed.q<i8, 1.0>>
!y = tensor<1x2x!fixed.q<i8, 1.0>>

// 128 * (127 + 127) needs 16 bits, twice that (x by the other weights) 24; the bodies go on in i32.
// CHECK-LABEL: func.func @net
// CHECK-SAME: fixed.accumulators = {i16 = 1 : i64, i24 = 1 : i64, i32 = 1 : i64}
// WORD: fixed.accumulators = {i32 = 3 : i64}
func.func @net(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[127, -127], [1, 1]]> : tensor<2x2xi8> as tensor<2x2xi8>
  %v = fixed.constant dense<[[1, 2], [300, -300]]> : tensor<2x2xi16> as tensor<2x2xi16>
  %u = fixed.constant dense<[[1, 2], [32767, 32767]]> : tensor<2x2xi16> as tensor<2x2xi16>
  // CHECK: acc i16 node "first" {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: i16):
  // CHECK-NEXT: %[[WIDE:.*]] = fixed.extend %[[ACC]] : i16 -> i32
  // CHECK-NEXT: fixed.saturate %[[WIDE]] to [-128, 127] : i32 -> i8
  %a = fixed.contract ins(%x, %w : !x, tensor<2x2xi8>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <0, 0> acc i32 node "first" {
  ^bb0(%acc: i32):
    %s = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %s : i8
  } -> !y
  // CHECK: acc i24 node "second"
  %b = fixed.contract ins(%a, %v : !y, tensor<2x2xi16>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <0, 0> acc i32 node "second" {
  ^bb0(%acc: i32):
    %s = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %s : i8
  } -> !y
  // 24 bits hold 128 * 65534 up to the sign.
  // CHECK: acc i32 node "third"
  %c = fixed.contract ins(%b, %u : !y, tensor<2x2xi16>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <-2, 0> acc i32 node "third" {
  ^bb0(%acc: i32):
    %s = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %s : i8
  } -> !y
  func.return %c : !y
}
