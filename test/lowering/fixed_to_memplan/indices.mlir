// RUN: tinyml-opt -p convert-fixed-to-memplan --split-input-file --verify-diagnostics %s | filecheck %s

// An index that a clamp keeps inside is read from its own memref.
// CHECK-LABEL: func.func @clamped(%x: memref<6xi8>, %i: memref<1xi8>, %out: memref<1xi8>)
func.func @clamped(%x: tensor<6xi8>, %i: tensor<1xi8>) -> tensor<1xi8> attributes {
    fixed.inputs = [#fixed.port<"x", tensor<6xi8>, permutation <0>>, #fixed.port<"i", tensor<1xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<1xi8>, permutation <0>>]} {
  // CHECK: %[[c:.*]] = memplan.buffer
  %c = fixed.map ins(%i : tensor<1xi8>) domain <1> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%e: i8):
    %0 = fixed.saturate %e to [0, 5] : i8 -> i8
    fixed.yield %0 : i8
  } -> tensor<1xi8>
  // CHECK: fixed.map ins(%x : memref<6xi8>) outs(%out : memref<1xi8>) at <1>(%[[c]] : memref<1xi8>)
  %y = fixed.map ins(%x : tensor<6xi8>) at <1>(%c : tensor<1xi8>) by [affine_map<(d0, d1) -> (d0)>] domain <1, 6>
      maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<1xi8>
  func.return %y : tensor<1xi8>
}

// -----

// An index that the caller chooses freely.
// CHECK: error: 'take', fixed.map: the index of dimension 1 leaves [0, 5], values in [-128, 127]: put a Clip before it
func.func @free(%x: tensor<6xi8>, %i: tensor<1xi8>) -> tensor<1xi8> attributes {
    fixed.inputs = [#fixed.port<"x", tensor<6xi8>, permutation <0>>, #fixed.port<"i", tensor<1xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<1xi8>, permutation <0>>]} {
  %y = fixed.map ins(%x : tensor<6xi8>) at <1>(%i : tensor<1xi8>) by [affine_map<(d0, d1) -> (d0)>] domain <1, 6>
      maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] node "take" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<1xi8>
  func.return %y : tensor<1xi8>
}
