// RUN: tinyml-opt -p fixed-shorten-biases %s | filecheck %s

// Units of the narrowed accumulator are 1/4 step: what is below them is lost at most by 1/8.
// CHECK-LABEL: func.func @short
func.func @short(%x: tensor<1x2x!fixed.q<i8, 1.0>>) -> tensor<1x2x!fixed.q<i8, 1.0>>
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> as tensor<2x2x!fixed.q<i8, 1.0>>
  // CHECK: fixed.constant dense<[4, -100]> : tensor<2xi8>
  %b = fixed.constant dense<[1000, -25500]> : tensor<2xi32> as tensor<2xi32>
  %m = fixed.constant dense<[16384, 8192]> : tensor<2xi16> as tensor<2xi16>
  %y = fixed.contract ins(%x, %w : tensor<1x2x!fixed.q<i8, 1.0>>, tensor<2x2x!fixed.q<i8, 1.0>>) params(%b, %m : tensor<2xi32>, tensor<2xi16>)
    domain <1, 2 | 2> maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d1)>, affine_map<(d0, d1, d2) -> (d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 node "short" {
  // CHECK:      ^bb0(%[[ACC:.*]]: i32, %[[B:.*]]: i8, %{{.*}}: i16):
  // CHECK-NEXT: %[[N:.*]] = fixed.rescale %[[ACC]] shift 8 half_up in i32 : i32 -> i16
  // CHECK-NEXT: %[[E:.*]] = fixed.extend %[[B]] : i8 -> i16
  // CHECK-NEXT: arith.addi %[[N]], %[[E]] : i16
  ^bb0(%acc: i32, %bias: i32, %by: i16):
    %sum = arith.addi %acc, %bias : i32
    %narrow = fixed.rescale %sum shift 8 half_up in i32 : i32 -> i16
    %scaled = fixed.rescale %narrow by %by shift 16 half_up in i32 : i16, i16 -> i16
    %out = fixed.saturate %scaled to [-128, 127] : i16 -> i8
    fixed.yield %out : i8
  } -> tensor<1x2x!fixed.q<i8, 1.0>>
  func.return %y : tensor<1x2x!fixed.q<i8, 1.0>>
}

// Here a unit is two steps: the bias stays.
// CHECK-LABEL: func.func @counts
func.func @counts(%x: tensor<1x2x!fixed.q<i8, 1.0>>) -> tensor<1x2x!fixed.q<i8, 1.0>>
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi8> as tensor<2x2x!fixed.q<i8, 1.0>>
  // CHECK: fixed.constant dense<[1100, -600]> : tensor<2xi32>
  %b = fixed.constant dense<[1100, -600]> : tensor<2xi32> as tensor<2xi32>
  %y = fixed.contract ins(%x, %w : tensor<1x2x!fixed.q<i8, 1.0>>, tensor<2x2x!fixed.q<i8, 1.0>>) params(%b : tensor<2xi32>)
    domain <1, 2 | 2> maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 node "counts" {
  ^bb0(%acc: i32, %bias: i32):
    %sum = arith.addi %acc, %bias : i32
    %narrow = fixed.rescale %sum shift 8 half_up in i32 : i32 -> i16
    %by = arith.constant 512 : i16
    %scaled = fixed.rescale %narrow by %by shift 8 half_up in i32 : i16, i16 -> i16
    %out = fixed.saturate %scaled to [-128, 127] : i16 -> i8
    fixed.yield %out : i8
  } -> tensor<1x2x!fixed.q<i8, 1.0>>
  func.return %y : tensor<1x2x!fixed.q<i8, 1.0>>
}
