// CHECK-LABEL: func.func @model
// CHECK-SAME:    #fixed.port<"max", tensor<4x2x!fixed.q<i8, 2^-4>>, permutation <0, 1>>
func.func @model(%x: tensor<4x2x!fixed.q<i8, 2^-4>>, %h0: tensor<2x!fixed.q<i8, 2^-4>>) -> tensor<2x!fixed.q<i8, 2^-4>> attributes {
  fixed.inputs = [#fixed.port<"x", tensor<4x2x!fixed.q<i8, 2^-4>>, permutation <0, 1>>,
                  #fixed.port<"h0", tensor<2x!fixed.q<i8, 2^-4>>, permutation <0>>],
  fixed.outputs = [#fixed.port<"y", tensor<2x!fixed.q<i8, 2^-4>>, permutation <0>>]
} {
  // CHECK: %[[y:.*]], %[[all:.*]] = fixed.scan 4 {{.*}} stacks along <0> reversed <0>
  %y = fixed.scan 4 states(%h0 : tensor<2x!fixed.q<i8, 2^-4>>) ins(%x : tensor<4x2x!fixed.q<i8, 2^-4>>)
      along <0> reversed <0> stacks along <> reversed <> {
  ^bb0(%h: tensor<2x!fixed.q<i8, 2^-4>>, %xt: tensor<2x!fixed.q<i8, 2^-4>>):
    // CHECK: %[[n:.*]] = fixed.map
    %n = fixed.map ins(%h, %xt : tensor<2x!fixed.q<i8, 2^-4>>, tensor<2x!fixed.q<i8, 2^-4>>) domain <2>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "max" {
    ^bb1(%e0: i8, %e1: i8):
      %v = arith.maxsi %e0, %e1 : i8
      fixed.yield %v : i8
    } -> tensor<2x!fixed.q<i8, 2^-4>>
    // CHECK: fixed.next states(%[[n]] : {{.*}}) outs(%[[n]] :
    fixed.next states(%n : tensor<2x!fixed.q<i8, 2^-4>>)
  } -> tensor<2x!fixed.q<i8, 2^-4>>
  // CHECK: func.return %[[y]], %[[all]]
  func.return %y : tensor<2x!fixed.q<i8, 2^-4>>
}
