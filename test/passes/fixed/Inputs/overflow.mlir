!x = tensor<1x2x!fixed.q<i8, 1.0 : -32>>

func.func @net(%x: !x) -> !x
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i8, 1.0 : -32>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0 : -32>>, permutation <0, 1>>]} {
  %w = fixed.constant dense<[[127, -127], [127, 127]]> : tensor<2x2xi8> as tensor<2x2xi8>
  %y = fixed.contract ins(%x, %w : !x, tensor<2x2xi8>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <-32, 0> acc i16 node "dense" {
  ^bb0(%acc: i16):
    %s = fixed.saturate %acc to [-128, 127] : i16 -> i8
    fixed.yield %s : i8
  } -> !x
  func.return %y : !x
}
