// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// An accumulator over the rows of a tensor, read from the last; every sum is kept.
// CHECK-LABEL: func.func @sums
func.func @sums(%x: tensor<4x3xf32>, %s: tensor<3xf32>) -> (tensor<3xf32>, tensor<3x4xf32>) {
  // CHECK-NEXT: %last, %all = onnx.Scan 4 states(%s : tensor<3xf32>) ins(%x : tensor<4x3xf32>)
  // CHECK-SAME: along <0> reversed <1> stacks along <1> reversed <0> {node = "sums"} do {
  // CHECK-NEXT: ^bb0(%state: tensor<3xf32>, %row: tensor<3xf32>):
  %last, %all = onnx.Scan 4 states(%s : tensor<3xf32>) ins(%x : tensor<4x3xf32>)
      along <0> reversed <1> stacks along <1> reversed <0> {node = "sums"} do {
  ^bb0(%state: tensor<3xf32>, %row: tensor<3xf32>):
    %next = onnx.Add %state, %row : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    // CHECK: onnx.Next states(%next : tensor<3xf32>) outs(%next : tensor<3xf32>)
    onnx.Next states(%next : tensor<3xf32>) outs(%next : tensor<3xf32>)
  // CHECK-NEXT: } -> tensor<3xf32>, tensor<3x4xf32>
  } -> tensor<3xf32>, tensor<3x4xf32>
  func.return %last, %all : tensor<3xf32>, tensor<3x4xf32>
}

// Without slices: a state alone, and a value from outside.
// CHECK-LABEL: func.func @powers
func.func @powers(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK-NEXT: %y = onnx.Scan 3 states(%x : tensor<2xf32>) along <> reversed <> stacks along <> reversed <> do {
  %y = onnx.Scan 3 states(%x : tensor<2xf32>) along <> reversed <> stacks along <> reversed <> do {
  ^bb0(%s: tensor<2xf32>):
    %n = onnx.Mul %s, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
    onnx.Next states(%n : tensor<2xf32>)
  } -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}
