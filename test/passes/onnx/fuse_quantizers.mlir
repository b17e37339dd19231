// RUN: tinyml-opt -p onnx-fuse-quantizers %s | filecheck %s

// round(clip(x / 0.25, -8, 7)) * 0.25, with the division as a product: 4 bits. Weights of a layer behind it that are
// multiples of 0.5 become integers.
// CHECK-LABEL: func.func @learned_steps
func.func @learned_steps(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %low = onnx.Constant dense<0.25> : tensor<f32> -> tensor<f32>
  %four = onnx.Constant dense<4.0> : tensor<f32> -> tensor<f32>
  %w = onnx.Constant dense<[[0.5, -1.5], [1.0, 0.0]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK: %[[w:.*]] = onnx.Constant dense<{{\[\[}}1, -3], [2, 0]]> : tensor<2x2xi8>
  // CHECK: %[[W:.*]] = onnx.DequantizeLinear %[[w]] {scale = dense<5.000000e-01> : tensor<f32>
  // CHECK: %[[q:.*]] = onnx.QuantizeLinear %x {scale = dense<2.500000e-01> : tensor<f32>, zero_point = dense<0> : tensor<i4>
  // CHECK: %[[r:.*]] = onnx.DequantizeLinear %[[q]] {scale = dense<2.500000e-01> : tensor<f32>, zero_point = dense<0> : tensor<i4>
  // CHECK: onnx.Gemm %[[r]], %[[W]]
  %0 = onnx.Mul %x, %four : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %1 = onnx.Clip %0 {low = -8.0 : f64, high = 7.0 : f64} : tensor<1x2xf32> -> tensor<1x2xf32>
  %2 = onnx.Round %1 : tensor<1x2xf32> -> tensor<1x2xf32>
  %3 = onnx.Mul %2, %low : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %4 = onnx.Gemm %3, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  func.return %4 : tensor<1x2xf32>
}

// clip(round(2 relu(x) + 3), 0, 200): a zero point of 3, below which relu leaves nothing. The integers themselves are
// used, and their reals.
// CHECK-LABEL: func.func @zero_point
func.func @zero_point(%x: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %two = onnx.Constant dense<2.0> : tensor<f32> -> tensor<f32>
  %three = onnx.Constant dense<3.0> : tensor<f32> -> tensor<f32>
  // CHECK: %[[c:.*]] = onnx.Clip %x {low = 0.000000e+00 : f64, high = 9.850000e+01 : f64
  // CHECK: %[[q:.*]] = onnx.QuantizeLinear %[[c]] {scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<3> : tensor<ui8>
  // CHECK: %[[i:.*]] = onnx.DequantizeLinear %[[q]] {scale = dense<1.000000e+00> : tensor<f32>, zero_point = dense<0> : tensor<ui8>
  // CHECK: %[[r:.*]] = onnx.DequantizeLinear %[[q]] {scale = dense<2.000000e+00> : tensor<f32>, zero_point = dense<3> : tensor<ui8>
  // CHECK: func.return %[[i]], %[[r]]
  %0 = onnx.Relu %x : tensor<1x2xf32> -> tensor<1x2xf32>
  %1 = onnx.Mul %0, %two : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %2 = onnx.Add %1, %three : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %3 = onnx.Round %2 : tensor<1x2xf32> -> tensor<1x2xf32>
  %4 = onnx.Clip %3 {low = 0.0 : f64, high = 200.0 : f64} : tensor<1x2xf32> -> tensor<1x2xf32>
  %5 = onnx.Sub %4, %three : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %6 = onnx.Mul %5, %two : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  func.return %4, %6 : tensor<1x2xf32>, tensor<1x2xf32>
}

// A zero point of 0.5 stays a sum, a factor below 0 a product; without bounds there are no integers to speak of.
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>) {
  %half = onnx.Constant dense<0.5> : tensor<f32> -> tensor<f32>
  %minus = onnx.Constant dense<-2.0> : tensor<f32> -> tensor<f32>
  // CHECK: %[[s:.*]] = onnx.Add %x
  // CHECK: onnx.QuantizeLinear %[[s]] {scale = dense<1.000000e+00>
  %0 = onnx.Add %x, %half : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %1 = onnx.Round %0 : tensor<1x2xf32> -> tensor<1x2xf32>
  %2 = onnx.Clip %1 {low = 0.0 : f64, high = 15.0 : f64} : tensor<1x2xf32> -> tensor<1x2xf32>
  // CHECK: onnx.Round %x
  %3 = onnx.Round %x : tensor<1x2xf32> -> tensor<1x2xf32>
  // CHECK: %[[m:.*]] = onnx.Mul %x
  // CHECK: onnx.QuantizeLinear %[[m]]
  %4 = onnx.Mul %x, %minus : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %5 = onnx.Round %4 : tensor<1x2xf32> -> tensor<1x2xf32>
  %6 = onnx.Clip %5 {low = 0.0 : f64, high = 3.0 : f64} : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %2, %3, %6 : tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>
}

// Nothing is quantized: weights stay as they are.
// CHECK-LABEL: func.func @reals
func.func @reals(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // CHECK: %[[w:.*]] = onnx.Constant dense<{{.*}}> : tensor<2x2xf32>
  // CHECK-NEXT: onnx.Gemm %x, %[[w]]
  %w = onnx.Constant dense<[[0.5, -1.5], [1.0, 0.0]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %0 = onnx.Gemm %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  func.return %0 : tensor<1x2xf32>
}
