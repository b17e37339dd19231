// RUN: tinyml-opt -p onnx-fold-constants %s | filecheck %s

// What is only rearranged is rearranged now; what nothing uses goes.
// CHECK-LABEL: func.func @rearranged
func.func @rearranged(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %unused = onnx.Constant dense<1.0> : tensor<8xf32> -> tensor<8xf32>
  %c = onnx.Constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK-NEXT: %[[c:.*]] = onnx.Constant dense<{{\[\[}}1.000000e+00, 3.000000e+00, 2.000000e+00, 4.000000e+00]]> : tensor<1x4xf32>
  %t = onnx.Transpose %c {perm = array<i64: 1, 0>} : tensor<2x2xf32> -> tensor<2x2xf32>
  %r = onnx.Reshape %t : tensor<2x2xf32> -> tensor<1x4xf32>
  %i = onnx.Identity %x : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: onnx.Add %x, %[[c]]
  %0 = onnx.Add %i, %r : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  func.return %0 : tensor<1x4xf32>
}

// What is computed stays.
// CHECK-LABEL: func.func @computed
func.func @computed(%x: tensor<2x2xf32>) -> tensor<1x4xf32> {
  // CHECK: onnx.Transpose
  %t = onnx.Transpose %x {perm = array<i64: 1, 0>} : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK: onnx.Reshape
  %r = onnx.Reshape %t : tensor<2x2xf32> -> tensor<1x4xf32>
  func.return %r : tensor<1x4xf32>
}
