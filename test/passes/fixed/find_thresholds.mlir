// RUN: tinyml-opt -p fixed-find-thresholds %s | filecheck %s

!x = tensor<1x2x!fixed.q<i8, 1.0>>

// round(acc * 3 / 8) is 1 and more from acc = 2 on.
// CHECK-LABEL: func.func @sign
func.func @sign(%x: !x) -> tensor<1x1x!fixed.q<i8, 1.0>>
    attributes {fixed.inputs = [#fixed.port<"x", !x, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", tensor<1x1x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[1, 2]]> : tensor<1x2xi8> as tensor<1x2x!fixed.q<i8, 1.0>>
  %y = fixed.contract ins(%x, %w : !x, tensor<1x2x!fixed.q<i8, 1.0>>)
    domain <1, 1 | 2> maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 node "sign" {
  // CHECK:      ^bb0(%[[ACC:.*]]: i32):
  // CHECK-DAG:  %[[ABOVE:.*]] = arith.constant 5 : i8
  // CHECK-DAG:  %[[T:.*]] = arith.constant 2 : i32
  // CHECK-NEXT: %[[REACHED:.*]] = arith.cmpi sle, %[[T]], %[[ACC]] : i32
  // CHECK-NEXT: %[[BELOW:.*]] = arith.constant 7 : i8
  // CHECK-NEXT: %[[R:.*]] = arith.select %[[REACHED]], %[[ABOVE]], %[[BELOW]] : i8
  // CHECK-NEXT: fixed.yield %[[R]] : i8
  ^bb0(%acc: i32):
    %m = arith.constant 3 : i32
    %scaled = fixed.rescale %acc by %m shift 3 half_up in i32 : i32, i32 -> i32
    %one = arith.constant 1 : i32
    %reached = arith.cmpi sle, %one, %scaled : i32
    %above = arith.constant 5 : i8
    %below = arith.constant 7 : i8
    %out = arith.select %reached, %above, %below : i8
    fixed.yield %out : i8
  } -> tensor<1x1x!fixed.q<i8, 1.0>>
  func.return %y : tensor<1x1x!fixed.q<i8, 1.0>>
}

// One number in the middle is no threshold.
// CHECK-LABEL: func.func @window
func.func @window(%x: !x) -> tensor<1x1x!fixed.q<i8, 1.0>>
    attributes {fixed.inputs = [#fixed.port<"x", !x, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", tensor<1x1x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[1, 2]]> : tensor<1x2xi8> as tensor<1x2x!fixed.q<i8, 1.0>>
  %y = fixed.contract ins(%x, %w : !x, tensor<1x2x!fixed.q<i8, 1.0>>)
    domain <1, 1 | 2> maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 node "window" {
  // CHECK: arith.cmpi eq
  ^bb0(%acc: i32):
    %one = arith.constant 1 : i32
    %reached = arith.cmpi eq, %one, %acc : i32
    %above = arith.constant 5 : i8
    %below = arith.constant 7 : i8
    %out = arith.select %reached, %above, %below : i8
    fixed.yield %out : i8
  } -> tensor<1x1x!fixed.q<i8, 1.0>>
  func.return %y : tensor<1x1x!fixed.q<i8, 1.0>>
}
