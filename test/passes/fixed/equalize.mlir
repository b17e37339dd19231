// RUN: tinyml-opt -p 'fixed-equalize{rounds=1}' --split-input-file %s | filecheck %s

// Channel 0 has 4 in the first layer and 1 in the second, channel 1 has 1 and 16: divided by 2, and by 1/4; after that
// both have the same in either, and the two layers compute what they did.
// CHECK-LABEL: func.func @pair
func.func @pair(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  // CHECK-DAG: %[[W:.*]] = onnx.Constant dense<{{\[\[}}2.000000e+00, -1.000000e+00], [4.000000e+00, 2.000000e+00]]> : tensor<2x2xf32>
  // CHECK-DAG: %[[B:.*]] = onnx.Constant dense<4.000000e+00> : tensor<2xf32>
  // CHECK-DAG: %[[V:.*]] = onnx.Constant dense<{{\[\[}}2.000000e+00, 4.000000e+00]]> : tensor<1x2xf32>
  // CHECK: onnx.Gemm %{{.*}}, %[[W]] bias %[[B]]
  // CHECK: onnx.Gemm %{{.*}}, %[[V]]
  %w = onnx.Constant dense<[[4.0, -2.0], [1.0, 0.5]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %b = onnx.Constant dense<[8.0, 1.0]> : tensor<2xf32> -> tensor<2xf32>
  %v = onnx.Constant dense<[[1.0, 16.0]]> : tensor<1x2xf32> -> tensor<1x2xf32>
  %0 = onnx.Gemm %x, %w bias %b : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %1 = onnx.Relu %0 : tensor<1x2xf32> -> tensor<1x2xf32>
  %2 = onnx.Gemm %1, %v : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  func.return %2 : tensor<1x1xf32>
}

// -----

// Nothing to do: a clamp at 6 is another one once its operand is scaled, and a second reader sees the channels.
// CHECK-LABEL: func.func @clipped
func.func @clipped(%x: tensor<1x2xf32>) -> (tensor<1x1xf32>, tensor<1x2xf32>, tensor<1x1xf32>) {
  // CHECK: onnx.Constant dense<{{\[\[}}4.000000e+00, -2.000000e+00], [1.000000e+00, 5.000000e-01]]>
  // CHECK: onnx.Constant dense<{{\[\[}}1.000000e+00, 1.600000e+01]]>
  %w = onnx.Constant dense<[[4.0, -2.0], [1.0, 0.5]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %v = onnx.Constant dense<[[1.0, 16.0]]> : tensor<1x2xf32> -> tensor<1x2xf32>
  %0 = onnx.Gemm %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %1 = onnx.Clip %0 {low = 0.0 : f64, high = 6.0 : f64} : tensor<1x2xf32> -> tensor<1x2xf32>
  %2 = onnx.Gemm %1, %v : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  // CHECK: onnx.Constant dense<{{\[\[}}4.000000e+00, -2.000000e+00], [2.000000e+00, 5.000000e-01]]>
  // CHECK: onnx.Constant dense<{{\[\[}}1.000000e+00, 8.000000e+00]]>
  %t = onnx.Constant dense<[[4.0, -2.0], [2.0, 0.5]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %u = onnx.Constant dense<[[1.0, 8.0]]> : tensor<1x2xf32> -> tensor<1x2xf32>
  %3 = onnx.Gemm %x, %t : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %4 = onnx.Gemm %3, %u : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  func.return %2, %3, %4 : tensor<1x1xf32>, tensor<1x2xf32>, tensor<1x1xf32>
}
