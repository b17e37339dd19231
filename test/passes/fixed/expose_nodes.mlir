// RUN: tinyml-opt -p fixed-expose-nodes %s | filecheck %s

// The value of "relu" becomes a second output; "twice" is one already.

// CHECK:      func.func @model(%{{.*}}: tensor<4x!fixed.q<i8, 2^-4>>)
// CHECK-SAME:   -> (tensor<4x!fixed.q<i8, 2^-4>>, tensor<4x!fixed.q<i8, 2^-4>>)
// CHECK-SAME:   fixed.outputs = [#fixed.port<"y", {{.*}}, permutation <0>>,
// CHECK-SAME:     #fixed.port<"relu", tensor<4x!fixed.q<i8, 2^-4>>, permutation <0>>]
func.func @model(%x: tensor<4x!fixed.q<i8, 2^-4>>) -> tensor<4x!fixed.q<i8, 2^-4>> attributes {
  fixed.inputs = [#fixed.port<"x", tensor<4x!fixed.q<i8, 2^-4>>, permutation <0>>],
  fixed.outputs = [#fixed.port<"y", tensor<4x!fixed.q<i8, 2^-4>>, permutation <0>>]
} {
  // CHECK: %[[relu:.*]] = fixed.map {{.*}} node "relu"
  %0 = fixed.map ins(%x : tensor<4x!fixed.q<i8, 2^-4>>) domain <4>
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "relu" {
  ^bb0(%e: i8):
    %s = fixed.saturate %e to [0, 127] : i8 -> i8
    fixed.yield %s : i8
  } -> tensor<4x!fixed.q<i8, 2^-4>>
  // CHECK: %[[twice:.*]] = fixed.map {{.*}} node "twice"
  %1 = fixed.map ins(%0 : tensor<4x!fixed.q<i8, 2^-4>>) domain <4>
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "twice" {
  ^bb0(%e: i8):
    %w = fixed.extend %e : i8 -> i16
    %d = arith.addi %w, %w : i16
    %s = fixed.saturate %d to [-128, 127] : i16 -> i8
    fixed.yield %s : i8
  } -> tensor<4x!fixed.q<i8, 2^-4>>
  // CHECK: func.return %[[twice]], %[[relu]]
  func.return %1 : tensor<4x!fixed.q<i8, 2^-4>>
}

// What a body computes is stacked over the rounds.
// RUN: tinyml-opt -p fixed-expose-nodes %S/Inputs/exposed_rounds.mlir | filecheck %S/Inputs/exposed_rounds.mlir

// A function whose nodes are outputs already stays as it is.

// RUN: tinyml-opt -p fixed-expose-nodes,fixed-expose-nodes %s | filecheck %s --check-prefix=AGAIN
// AGAIN: func.return %{{.*}}, %{{.*}} : tensor<4x!fixed.q<i8, 2^-4>>, tensor<4x!fixed.q<i8, 2^-4>>{{$}}
