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

// Arithmetic on constants is done now. A quantized weight stays quantized: its integers move, and the dimension of its
// scales with them.
// CHECK-LABEL: func.func @weights
func.func @weights(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %q = onnx.Constant dense<[[1], [2]]> : tensor<2x1xi8> -> tensor<2x1xi8>
  // CHECK-NEXT: %[[B:.*]] = onnx.Constant dense<3.000000e+00> : tensor<1xf32>
  // CHECK-NEXT: %[[Q:.*]] = onnx.Constant dense<{{\[\[}}1, 2]]> : tensor<1x2xi8>
  // CHECK-NEXT: %[[W:.*]] = onnx.DequantizeLinear %[[Q]] {{.*}}axis = 1 : i64
  %w = onnx.DequantizeLinear %q {scale = dense<[0.5, 0.25]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi8>,
    axis = 0 : i64} : tensor<2x1xi8> -> tensor<2x1xf32>
  %one = onnx.Constant dense<1.0> : tensor<1xf32> -> tensor<1xf32>
  %two = onnx.Constant dense<2.0> : tensor<1xf32> -> tensor<1xf32>
  %b = onnx.Add %one, %two : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  %t = onnx.Transpose %w {perm = array<i64: 1, 0>} : tensor<2x1xf32> -> tensor<1x2xf32>
  // CHECK-NEXT: onnx.Gemm %x, %[[W]] bias %[[B]]
  %0 = onnx.Gemm %x, %t bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  func.return %0 : tensor<1x1xf32>
}
