// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s
// RUN: tinyml-opt -p convert-fixed-to-memplan %s | filecheck %s --check-prefix=MEMPLAN

// CHECK:       {layout = #fixed.layout<packed4 along 1>} as tensor<2x4xi8>
// MEMPLAN:     {layout = #fixed.layout<packed4 along 1>} as memref<2x4xi8, "flash">
func.func @net(%x: tensor<1x4xi8>) -> tensor<1x2xi32> attributes {
  fixed.inputs = [#fixed.port<"x", tensor<1x4xi8>, permutation <0, 1>>],
  fixed.outputs = [#fixed.port<"y", tensor<1x2xi32>, permutation <0, 1>>]
} {
  %w = fixed.constant dense<[[1, 0, -8, 7], [0, 0, 0, 3]]> : tensor<2x4xi8> {layout = #fixed.layout<packed4 along 1>} as tensor<2x4xi8>
  %y = fixed.contract ins(%x, %w : tensor<1x4xi8>, tensor<2x4xi8>) domain <1, 2 | 4>
    maps [affine_map<(m, o, k) -> (m, k)>, affine_map<(m, o, k) -> (o, k)>, affine_map<(m, o, k) -> (m, o)>]
    zero_points <0, 0> acc i32 node "fc" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  } -> tensor<1x2xi32>
  func.return %y : tensor<1x2xi32>
}
