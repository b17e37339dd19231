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

// Without a layer before it, it becomes a depthwise Conv with a window of 1.
// CHECK-LABEL: func.func @alone
func.func @alone(%x: tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32> {
  %one = onnx.Constant dense<1.0> : tensor<1xf32> -> tensor<1xf32>
  // CHECK: onnx.Conv {{.*}}group = 1 : i64{{.*}}node = "norm"
  %0 = onnx.BatchNormalization %x, %one, %one, %one, %one {epsilon = 0.0 : f64, node = "norm"}
    : (tensor<1x1x2x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x2x2xf32>
  // CHECK-NOT: BatchNormalization
  func.return %0 : tensor<1x1x2x2xf32>
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
