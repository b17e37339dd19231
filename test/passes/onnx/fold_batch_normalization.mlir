// RUN: tinyml-opt -p onnx-fold-batch-normalization %s | filecheck %s

// Factor 3 / sqrt(4) = 1.5 and summand 1 - 2 * 1.5 = -2 go into the layer before: weights times 1.5, bias 10 * 1.5 - 2.
// CHECK-LABEL: func.func @folded
func.func @folded(%x: tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %w = onnx.Constant dense<2.0> : tensor<1x1x1x1xf32> -> tensor<1x1x1x1xf32>
  %b = onnx.Constant dense<10.0> : tensor<1xf32> -> tensor<1xf32>
  %scale = onnx.Constant dense<3.0> : tensor<1xf32> -> tensor<1xf32>
  %shift = onnx.Constant dense<1.0> : tensor<1xf32> -> tensor<1xf32>
  %mean = onnx.Constant dense<2.0> : tensor<1xf32> -> tensor<1xf32>
  %variance = onnx.Constant dense<4.0> : tensor<1xf32> -> tensor<1xf32>
  // CHECK: %[[w:.*]] = onnx.Constant dense<3.000000e+00> : tensor<1x1x1x1xf32>
  // CHECK: %[[b:.*]] = onnx.Constant dense<1.300000e+01> : tensor<1xf32>
  // CHECK: %[[y:.*]] = onnx.Conv %x, %[[w]] bias %[[b]]
  %0 = onnx.Conv %x, %w bias %b {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
    group = 1 : i64} : (tensor<1x1x2x2xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>) -> tensor<1x1x2x2xf32>
  %1 = onnx.BatchNormalization %0, %scale, %shift, %mean, %variance {epsilon = 0.0 : f64}
    : (tensor<1x1x2x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x2x2xf32>
  // CHECK-NOT: BatchNormalization
  // CHECK: func.return %[[y]]
  func.return %1 : tensor<1x1x2x2xf32>
}

// Without a layer before it, it stays: mean 0 and variance 1, with the factor 3 / sqrt(4) and the summand 1 - 2 * 1.5.
// The product and the sum behind it go into it: factor 1.5 * 2, summand -2 * 2 + 5.
// CHECK-LABEL: func.func @alone
func.func @alone(%x: tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %scale = onnx.Constant dense<3.0> : tensor<1xf32> -> tensor<1xf32>
  %shift = onnx.Constant dense<1.0> : tensor<1xf32> -> tensor<1xf32>
  %mean = onnx.Constant dense<2.0> : tensor<1xf32> -> tensor<1xf32>
  %variance = onnx.Constant dense<4.0> : tensor<1xf32> -> tensor<1xf32>
  %two = onnx.Constant dense<2.0> : tensor<1x1x1xf32> -> tensor<1x1x1xf32>
  %five = onnx.Constant dense<5.0> : tensor<f32> -> tensor<f32>
  // CHECK: %[[S:.*]] = onnx.Constant dense<3.000000e+00> : tensor<1xf32>
  // CHECK: %[[T:.*]] = onnx.Constant dense<1.000000e+00> : tensor<1xf32>
  // CHECK: %[[M:.*]] = onnx.Constant dense<0.000000e+00> : tensor<1xf32>
  // CHECK: %[[V:.*]] = onnx.Constant dense<1.000000e+00> : tensor<1xf32>
  // CHECK: %[[Y:.*]] = onnx.BatchNormalization %x, %[[S]], %[[T]], %[[M]], %[[V]] {epsilon = 0.000000e+00 : f64, node = "sum"}
  %0 = onnx.BatchNormalization %x, %scale, %shift, %mean, %variance {epsilon = 0.0 : f64, node = "norm"}
    : (tensor<1x1x2x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x2x2xf32>
  %1 = onnx.Mul %0, %two {node = "product"} : (tensor<1x1x2x2xf32>, tensor<1x1x1xf32>) -> tensor<1x1x2x2xf32>
  %2 = onnx.Add %five, %1 {node = "sum"} : (tensor<f32>, tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  // CHECK-NEXT: func.return %[[Y]]
  func.return %2 : tensor<1x1x2x2xf32>
}

// Differences go into a layer from either side: 7 - (3 x + 1 - 2) = -3 x + 8. A sum alone stays a sum, and so does
// what is not the same all over a channel.
// CHECK-LABEL: func.func @differences
func.func @differences(%x: tensor<1x1xf32>, %i: tensor<1x1x2xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1x2xf32>) {
  %w = onnx.Constant dense<3.0> : tensor<1x1xf32> -> tensor<1x1xf32>
  %one = onnx.Constant dense<1.0> : tensor<1xf32> -> tensor<1xf32>
  %two = onnx.Constant dense<2.0> : tensor<1xf32> -> tensor<1xf32>
  %seven = onnx.Constant dense<7.0> : tensor<1x1xf32> -> tensor<1x1xf32>
  %row = onnx.Constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
  // CHECK-DAG: %[[W:.*]] = onnx.Constant dense<-3.000000e+00>
  // CHECK-DAG: %[[B:.*]] = onnx.Constant dense<8.000000e+00>
  // CHECK: %[[Y:.*]] = onnx.Gemm %x, %[[W]] bias %[[B]]
  %0 = onnx.Gemm %x, %w bias %one : (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %1 = onnx.Sub %0, %two : (tensor<1x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %2 = onnx.Sub %seven, %1 : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32>
  // CHECK-NEXT: %[[Z:.*]] = onnx.Add %x
  %3 = onnx.Add %x, %one : (tensor<1x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  // CHECK-NEXT: %[[M:.*]] = onnx.Mul %i
  %4 = onnx.Mul %i, %row : (tensor<1x1x2xf32>, tensor<2xf32>) -> tensor<1x1x2xf32>
  // CHECK-NEXT: func.return %[[Y]], %[[Z]], %[[M]]
  func.return %2, %3, %4 : tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1x2xf32>
}

// A layer whose value is also used elsewhere keeps its weights.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<1x1xf32>) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %w = onnx.Constant dense<2.0> : tensor<1x1xf32> -> tensor<1x1xf32>
  %one = onnx.Constant dense<1.0> : tensor<1xf32> -> tensor<1xf32>
  // CHECK: %[[w2:.*]] = onnx.Constant dense<2.000000e+00> : tensor<1x1xf32>
  // CHECK: onnx.Gemm %x, %[[w2]]
  %0 = onnx.Gemm %x, %w : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32>
  %1 = onnx.BatchNormalization %0, %one, %one, %one, %one {epsilon = 0.0 : f64}
    : (tensor<1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  func.return %0, %1 : tensor<1x1xf32>, tensor<1x1xf32>
}

// Quantized weights keep their integers: the scales are multiplied, and a factor below 0 changes signs. -128 has no
// counterpart: then the factors stay behind the layer.
// CHECK-LABEL: func.func @quantized
func.func @quantized(%x: tensor<1x1xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = onnx.Constant dense<[[3], [5]]> : tensor<2x1xi8> -> tensor<2x1xi8>
  %d = onnx.DequantizeLinear %w {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 0 : i64} : tensor<2x1xi8> -> tensor<2x1xf32>
  %v = onnx.Constant dense<[[3], [-128]]> : tensor<2x1xi8> -> tensor<2x1xi8>
  %e = onnx.DequantizeLinear %v {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 0 : i64} : tensor<2x1xi8> -> tensor<2x1xf32>
  %factors = onnx.Constant dense<[2.0, -4.0]> : tensor<2xf32> -> tensor<2xf32>
  // CHECK: %[[W:.*]] = onnx.Constant dense<{{\[\[}}3], [-5]]> : tensor<2x1xi8>
  // CHECK: %[[D:.*]] = onnx.DequantizeLinear %[[W]] {scale = dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  // CHECK: %[[Y:.*]] = onnx.Gemm %x, %[[D]]
  %0 = onnx.Gemm %x, %d : (tensor<1x1xf32>, tensor<2x1xf32>) -> tensor<1x2xf32>
  %1 = onnx.Mul %0, %factors : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  // CHECK: %[[Z:.*]] = onnx.BatchNormalization
  %2 = onnx.Gemm %x, %e : (tensor<1x1xf32>, tensor<2x1xf32>) -> tensor<1x2xf32>
  %3 = onnx.Mul %2, %factors : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  // CHECK: func.return %[[Y]], %[[Z]]
  func.return %1, %3 : tensor<1x2xf32>, tensor<1x2xf32>
}
