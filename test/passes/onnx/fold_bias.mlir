// RUN: tinyml-opt -p onnx-fold-bias %s | filecheck %s

// MatMul and Add become one Gemm with the weights transposed.
// CHECK-LABEL: func.func @dense
func.func @dense(%x: tensor<1x2xf32>) -> tensor<1x3xf32> {
  %w = onnx.Constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> -> tensor<2x3xf32>
  %b = onnx.Constant dense<[7.0, 8.0, 9.0]> : tensor<3xf32> -> tensor<3xf32>
  // CHECK: %[[b:.*]] = onnx.Constant dense<[7.000000e+00, 8.000000e+00, 9.000000e+00]>
  // CHECK: %[[w:.*]] = onnx.Constant dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]>
  %0 = onnx.MatMul %x, %w {node = "matmul"} : (tensor<1x2xf32>, tensor<2x3xf32>) -> tensor<1x3xf32>
  // CHECK: %[[y:.*]] = onnx.Gemm %{{.*}}, %[[w]] bias %[[b]] {node = "matmul"}
  %1 = onnx.Add %0, %b {node = "add"} : (tensor<1x3xf32>, tensor<3xf32>) -> tensor<1x3xf32>
  // CHECK-NOT: onnx.Add
  // CHECK: func.return %[[y]]
  func.return %1 : tensor<1x3xf32>
}

// Quantized weights stay quantized: the integers are transposed, and the axis of their scales moves along.
// CHECK-LABEL: func.func @quantized
func.func @quantized(%x: tensor<1x2xf32>) -> tensor<1x3xf32> {
  %w = onnx.Constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8> -> tensor<2x3xi8>
  // CHECK: %[[i:.*]] = onnx.Constant dense<{{\[\[}}1, 4], [2, 5], [3, 6]]> : tensor<3x2xi8>
  // CHECK: %[[r:.*]] = onnx.DequantizeLinear %[[i]] {{.*}}axis = 0 : i64
  %d = onnx.DequantizeLinear %w {scale = dense<[0.5, 1.0, 2.0]> : tensor<3xf32>, zero_point = dense<0> : tensor<3xi8>,
    axis = 1 : i64} : tensor<2x3xi8> -> tensor<2x3xf32>
  // CHECK: onnx.Gemm %{{.*}}, %[[r]]
  %0 = onnx.MatMul %x, %d : (tensor<1x2xf32>, tensor<2x3xf32>) -> tensor<1x3xf32>
  func.return %0 : tensor<1x3xf32>
}

// An Add of two computed values is no bias.
// CHECK-LABEL: func.func @residual
func.func @residual(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // CHECK: onnx.Add
  %0 = onnx.Add %x, %y : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  func.return %0 : tensor<1x2xf32>
}

// A layer on a sequence: its rows are a Gemm's, behind which the bias stands. That of another dimension stays.
// CHECK-LABEL: func.func @sequence
func.func @sequence(%x: tensor<6x2xf32>) -> (tensor<2x3x4xf32>, tensor<2x4x3xf32>) {
  %w = onnx.Constant dense<1.0> : tensor<4x2xf32> -> tensor<4x2xf32>
  %b = onnx.Constant dense<[7.0, 8.0, 9.0, 1.0]> : tensor<4xf32> -> tensor<4xf32>
  %c = onnx.Constant dense<[[7.0], [8.0], [9.0], [1.0]]> : tensor<4x1xf32> -> tensor<4x1xf32>
  // CHECK: %[[g:.*]] = onnx.Gemm %{{.*}} bias %{{.*}} {node = "product"}
  // CHECK: %[[y:.*]] = onnx.Reshape %[[g]] {node = "sum"} : tensor<6x4xf32> -> tensor<2x3x4xf32>
  %0 = onnx.Gemm %x, %w {node = "product"} : (tensor<6x2xf32>, tensor<4x2xf32>) -> tensor<6x4xf32>
  %1 = onnx.Reshape %0 {node = "rows"} : tensor<6x4xf32> -> tensor<2x3x4xf32>
  %2 = onnx.Add %b, %1 {node = "sum"} : (tensor<4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  // CHECK: %[[z:.*]] = onnx.Add
  %3 = onnx.Gemm %x, %w : (tensor<6x2xf32>, tensor<4x2xf32>) -> tensor<6x4xf32>
  %4 = onnx.Reshape %3 : tensor<6x4xf32> -> tensor<2x4x3xf32>
  %5 = onnx.Add %4, %c : (tensor<2x4x3xf32>, tensor<4x1xf32>) -> tensor<2x4x3xf32>
  // CHECK: func.return %[[y]], %[[z]]
  func.return %2, %5 : tensor<2x3x4xf32>, tensor<2x4x3xf32>
}
