// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// CHECK-LABEL: func.func @layers(%x: tensor<1x4x8x8xf32> {onnx.name = "image"})
func.func @layers(%x: tensor<1x4x8x8xf32> {onnx.name = "image"}) -> (tensor<1x3xf32> {onnx.name = "classes"}) {
  // CHECK-NEXT: %w = onnx.Constant dense<5.000000e-01> : tensor<6x2x3x3xf32> -> tensor<6x2x3x3xf32>
  %w = onnx.Constant dense<0.5> : tensor<6x2x3x3xf32> -> tensor<6x2x3x3xf32>
  // CHECK-NEXT: %c = onnx.Constant dense<[1.000000e+00, -1.000000e+00, 2.000000e+00, 0.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<6xf32> {node = "bias"} -> tensor<6xf32>
  %c = onnx.Constant dense<[1.0, -1.0, 2.0, 0.0, 3.0, 4.0]> : tensor<6xf32> {node = "bias"} -> tensor<6xf32>

  // CHECK-NEXT: %0 = onnx.Conv %x, %w bias %c {group = 2 : i64, strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 1, 0>, dilations = array<i64: 1, 1>, node = "conv"} : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<1x6x4x6xf32>
  %0 = onnx.Conv %x, %w bias %c {group = 2 : i64, strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 1, 0>,
    dilations = array<i64: 1, 1>, node = "conv"}
    : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<1x6x4x6xf32>
  // CHECK-NEXT: %1 = onnx.Conv %x, %w {{{.*}}dilations = array<i64: 2, 2>{{.*}}} : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32>) -> tensor<1x6x4x4xf32>
  %1 = onnx.Conv %x, %w {group = 2 : i64, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>,
    dilations = array<i64: 2, 2>} : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32>) -> tensor<1x6x4x4xf32>
  // CHECK-NEXT: %2 = onnx.BatchNormalization %0, %c, %c, %c, %c {epsilon = 1.000000e-05 : f64} : (tensor<1x6x4x6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<1x6x4x6xf32>
  %2 = onnx.BatchNormalization %0, %c, %c, %c, %c {epsilon = 1.0e-05 : f64}
    : (tensor<1x6x4x6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<1x6x4x6xf32>
  // CHECK-NEXT: %3 = onnx.MaxPool %2 {{{.*}}kernel_shape = array<i64: 2, 3>{{.*}}} : (tensor<1x6x4x6xf32>) -> tensor<1x6x2x2xf32>
  %3 = onnx.MaxPool %2 {kernel_shape = array<i64: 2, 3>, strides = array<i64: 2, 3>, pads = array<i64: 0, 0, 0, 0>,
    dilations = array<i64: 1, 1>} : (tensor<1x6x4x6xf32>) -> tensor<1x6x2x2xf32>
  // CHECK-NEXT: %4 = onnx.AveragePool %3 {{{.*}}count_include_pad = 1 : i64{{.*}}} : (tensor<1x6x2x2xf32>) -> tensor<1x6x3x3xf32>
  %4 = onnx.AveragePool %3 {kernel_shape = array<i64: 2, 2>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>,
    dilations = array<i64: 1, 1>, count_include_pad = 1 : i64} : (tensor<1x6x2x2xf32>) -> tensor<1x6x3x3xf32>
  // CHECK-NEXT: %5 = onnx.GlobalAveragePool %4 : (tensor<1x6x3x3xf32>) -> tensor<1x6x1x1xf32>
  %5 = onnx.GlobalAveragePool %4 : (tensor<1x6x3x3xf32>) -> tensor<1x6x1x1xf32>
  // CHECK-NEXT: %6 = onnx.Flatten %5 : tensor<1x6x1x1xf32> -> tensor<1x6xf32>
  %6 = onnx.Flatten %5 : tensor<1x6x1x1xf32> -> tensor<1x6xf32>

  %v = onnx.Constant dense<1.0> : tensor<4x6xf32> -> tensor<4x6xf32>
  %b = onnx.Constant dense<2.0> : tensor<4xf32> -> tensor<4xf32>
  %u = onnx.Constant dense<3.0> : tensor<4x3xf32> -> tensor<4x3xf32>
  // CHECK: %7 = onnx.Gemm %6, %v bias %b {node = "dense"} : (tensor<1x6xf32>, tensor<4x6xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  %7 = onnx.Gemm %6, %v bias %b {node = "dense"} : (tensor<1x6xf32>, tensor<4x6xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: %8 = onnx.Gemm %6, %v : (tensor<1x6xf32>, tensor<4x6xf32>) -> tensor<1x4xf32>
  %8 = onnx.Gemm %6, %v : (tensor<1x6xf32>, tensor<4x6xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: %9 = onnx.MatMul %7, %u : (tensor<1x4xf32>, tensor<4x3xf32>) -> tensor<1x3xf32>
  %9 = onnx.MatMul %7, %u : (tensor<1x4xf32>, tensor<4x3xf32>) -> tensor<1x3xf32>
  // CHECK-NEXT: func.return %9 : tensor<1x3xf32>
  func.return %9 : tensor<1x3xf32>
}

// CHECK-LABEL: func.func @scalars
func.func @scalars(%x: tensor<1x4xf32>, %y: tensor<4xf32>) -> tensor<1xi64> {
  // CHECK-NEXT: %0 = onnx.Add %x, %y : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  %0 = onnx.Add %x, %y : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: %1 = onnx.Relu %0 {node = "relu"} : tensor<1x4xf32> -> tensor<1x4xf32>
  %1 = onnx.Relu %0 {node = "relu"} : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %2 = onnx.Clip %1 {low = 0.000000e+00 : f64, high = 6.000000e+00 : f64} : tensor<1x4xf32> -> tensor<1x4xf32>
  %2 = onnx.Clip %1 {low = 0.0 : f64, high = 6.0 : f64} : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %3 = onnx.Sigmoid %2 : tensor<1x4xf32> -> tensor<1x4xf32>
  %3 = onnx.Sigmoid %2 : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %4 = onnx.Tanh %3 : tensor<1x4xf32> -> tensor<1x4xf32>
  %4 = onnx.Tanh %3 : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %5 = onnx.Softmax %4 {axis = -1 : i64} : tensor<1x4xf32> -> tensor<1x4xf32>
  %5 = onnx.Softmax %4 {axis = -1 : i64} : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %6 = onnx.ArgMax %5 {axis = 1 : i64} : tensor<1x4xf32> -> tensor<1xi64>
  %6 = onnx.ArgMax %5 {axis = 1 : i64} : tensor<1x4xf32> -> tensor<1xi64>
  // CHECK-NEXT: onnx.Clip %1 {low = 0xfff0000000000000 : f64, high = 0x7ff0000000000000 : f64}
  %7 = onnx.Clip %1 {low = 0xFFF0000000000000 : f64, high = 0x7FF0000000000000 : f64} : tensor<1x4xf32> -> tensor<1x4xf32>
  func.return %6 : tensor<1xi64>
}

// CHECK-LABEL: func.func @quantization
func.func @quantization(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NEXT: %0 = onnx.QuantizeLinear %x {scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<200> : tensor<ui8>, axis = 1 : i64} : tensor<2x3xf32> -> tensor<2x3xui8>
  %0 = onnx.QuantizeLinear %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<200> : tensor<ui8>, axis = 1 : i64}
    : tensor<2x3xf32> -> tensor<2x3xui8>
  // CHECK-NEXT: %1 = onnx.DequantizeLinear %0 {scale = dense<[5.000000e-01, 2.500000e-01, 1.000000e+00]> : tensor<3xf32>, zero_point = dense<0> : tensor<3xui8>, axis = -1 : i64} : tensor<2x3xui8> -> tensor<2x3xf32>
  %1 = onnx.DequantizeLinear %0 {scale = dense<[0.5, 0.25, 1.0]> : tensor<3xf32>, zero_point = dense<0> : tensor<3xui8>,
    axis = -1 : i64} : tensor<2x3xui8> -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @moves
func.func @moves(%x: tensor<1x2x3x1xf32>) -> tensor<3x2x1xf32> {
  // CHECK-NEXT: %0 = onnx.Identity %x : tensor<1x2x3x1xf32> -> tensor<1x2x3x1xf32>
  %0 = onnx.Identity %x : tensor<1x2x3x1xf32> -> tensor<1x2x3x1xf32>
  // CHECK-NEXT: %1 = onnx.Transpose %0 {perm = array<i64: 0, 2, 1, 3>} : tensor<1x2x3x1xf32> -> tensor<1x3x2x1xf32>
  %1 = onnx.Transpose %0 {perm = array<i64: 0, 2, 1, 3>} : tensor<1x2x3x1xf32> -> tensor<1x3x2x1xf32>
  // CHECK-NEXT: %2 = onnx.Squeeze %1 : tensor<1x3x2x1xf32> -> tensor<3x2xf32>
  %2 = onnx.Squeeze %1 : tensor<1x3x2x1xf32> -> tensor<3x2xf32>
  // CHECK-NEXT: %3 = onnx.Reshape %2 : tensor<3x2xf32> -> tensor<3x2x1xf32>
  %3 = onnx.Reshape %2 : tensor<3x2xf32> -> tensor<3x2x1xf32>
  func.return %3 : tensor<3x2x1xf32>
}

// CHECK-LABEL: func.func @joins
func.func @joins(%x: tensor<1x2x4xf32>) -> tensor<1x4xf32> {
  // CHECK-NEXT: %0 = onnx.Pad %x {pads = array<i64: 0, 1, 0, 0, 1, 3>, value = -1.000000e+00 : f64} : tensor<1x2x4xf32> -> tensor<1x4x7xf32>
  %0 = onnx.Pad %x {pads = array<i64: 0, 1, 0, 0, 1, 3>, value = -1.0 : f64} : tensor<1x2x4xf32> -> tensor<1x4x7xf32>
  // CHECK-NEXT: %1 = onnx.ReduceMean %0 {axes = array<i64: 2>} : tensor<1x4x7xf32> -> tensor<1x4x1xf32>
  %1 = onnx.ReduceMean %0 {axes = array<i64: 2>} : tensor<1x4x7xf32> -> tensor<1x4x1xf32>
  // CHECK-NEXT: %2 = onnx.ReduceMean %1 {axes = array<i64: 2>} : tensor<1x4x1xf32> -> tensor<1x4xf32>
  %2 = onnx.ReduceMean %1 {axes = array<i64: 2>} : tensor<1x4x1xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %3 = onnx.Unsqueeze %2 : tensor<1x4xf32> -> tensor<1x1x4xf32>
  %3 = onnx.Unsqueeze %2 : tensor<1x4xf32> -> tensor<1x1x4xf32>
  // CHECK-NEXT: %4 = onnx.Concat %2, %2 {axis = 1 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>
  %4 = onnx.Concat %2, %2 {axis = 1 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>
  // CHECK-NEXT: %{{.*}} = onnx.Gather %4 {axes = array<i64: 1>, indices = [array<i64: 7, 0, 0>]} : tensor<1x8xf32> -> tensor<1x3xf32>
  %g = onnx.Gather %4 {axes = array<i64: 1>, indices = [array<i64: 7, 0, 0>]} : tensor<1x8xf32> -> tensor<1x3xf32>
  // CHECK: %{{.*}} = onnx.Resize %4, %{{.*}} {axis = 1 : i64, first = array<i64: 0, 5>} : (tensor<1x8xf32>, tensor<2x3xf32>) -> tensor<1x2xf32>
  %band = onnx.Constant dense<0.25> : tensor<2x3xf32> -> tensor<2x3xf32>
  %r = onnx.Resize %4, %band {axis = 1 : i64, first = array<i64: 0, 5>} : (tensor<1x8xf32>, tensor<2x3xf32>) -> tensor<1x2xf32>
  // CHECK-NEXT: %5 = onnx.Slice %4 {starts = array<i64: 0, 3>} : tensor<1x8xf32> -> tensor<1x5xf32>
  %5 = onnx.Slice %4 {starts = array<i64: 0, 3>} : tensor<1x8xf32> -> tensor<1x5xf32>
  func.return %2 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @arithmetic
func.func @arithmetic(%x: tensor<1x4xf32>, %y: tensor<4xf32>) -> tensor<1x4xf32> {
  // CHECK-NEXT: %0 = onnx.Sub %x, %y : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  %0 = onnx.Sub %x, %y : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: %1 = onnx.Mul %0, %y : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  %1 = onnx.Mul %0, %y : (tensor<1x4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
  func.return %1 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @transposed
func.func @transposed(%x: tensor<1x3x8xf32>) -> tensor<1x4x15xf32> {
  %w = onnx.Constant dense<0.5> : tensor<4x3x2xf32> -> tensor<4x3x2xf32>
  // CHECK: %{{.*}} = onnx.ConvTranspose %x, %w {group = 1 : i64, strides = array<i64: 2>, pads = array<i64: 1, 0>, dilations = array<i64: 1>, node = "up"} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>) -> tensor<1x4x15xf32>
  %y = onnx.ConvTranspose %x, %w {group = 1 : i64, strides = array<i64: 2>, pads = array<i64: 1, 0>,
    dilations = array<i64: 1>, node = "up"} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>) -> tensor<1x4x15xf32>
  func.return %y : tensor<1x4x15xf32>
}

// CHECK-LABEL: func.func @along_axes
func.func @along_axes(%x: tensor<2x4x6xf32>, %y: tensor<3x1x6x5xf32>) {
  // CHECK-NEXT: onnx.ReduceSum %x {axes = array<i64: 1, 2>} : tensor<2x4x6xf32> -> tensor<2xf32>
  %0 = onnx.ReduceSum %x {axes = array<i64: 1, 2>} : tensor<2x4x6xf32> -> tensor<2xf32>
  // CHECK-NEXT: onnx.ReduceL2 %x {axes = array<i64: 1>} : tensor<2x4x6xf32> -> tensor<2x1x6xf32>
  %1 = onnx.ReduceL2 %x {axes = array<i64: 1>} : tensor<2x4x6xf32> -> tensor<2x1x6xf32>
  // CHECK-NEXT: onnx.ArgMin %x {axis = 1 : i64, last} : tensor<2x4x6xf32> -> tensor<2x6xi64>
  %2 = onnx.ArgMin %x {axis = 1 : i64, last} : tensor<2x4x6xf32> -> tensor<2x6xi64>
  // CHECK-NEXT: onnx.CumSum %x {axis = 2 : i64, exclusive, reverse} : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  %3 = onnx.CumSum %x {axis = 2 : i64, exclusive, reverse} : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  // CHECK-NEXT: onnx.LogSoftmax %x {axis = -1 : i64} : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  %4 = onnx.LogSoftmax %x {axis = -1 : i64} : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  // CHECK-NEXT: %m = onnx.Constant
  %m = onnx.Constant dense<true> : tensor<4x1xi1> -> tensor<4x1xi1>
  // CHECK-NEXT: onnx.MaskedSoftmax %x, %m {axis = -1 : i64} : (tensor<2x4x6xf32>, tensor<4x1xi1>) -> tensor<2x4x6xf32>
  %masked = onnx.MaskedSoftmax %x, %m {axis = -1 : i64} : (tensor<2x4x6xf32>, tensor<4x1xi1>) -> tensor<2x4x6xf32>
  // CHECK-NEXT: onnx.MatMul %x, %y : (tensor<2x4x6xf32>, tensor<3x1x6x5xf32>) -> tensor<3x2x4x5xf32>
  %5 = onnx.MatMul %x, %y : (tensor<2x4x6xf32>, tensor<3x1x6x5xf32>) -> tensor<3x2x4x5xf32>
  // CHECK-NEXT: %s = onnx.Constant
  %s = onnx.Constant dense<2.0> : tensor<6xf32> -> tensor<6xf32>
  // CHECK-NEXT: onnx.LayerNormalization %x scale %s bias %s {axes = array<i64: 2>, epsilon = 1.000000e-05 : f64} : tensor<2x4x6xf32>, scale tensor<6xf32>, bias tensor<6xf32> -> tensor<2x4x6xf32>
  %6 = onnx.LayerNormalization %x scale %s bias %s {axes = array<i64: 2>, epsilon = 1.0e-05 : f64}
    : tensor<2x4x6xf32>, scale tensor<6xf32>, bias tensor<6xf32> -> tensor<2x4x6xf32>
  // CHECK-NEXT: onnx.RMSNormalization %x {axes = array<i64: 0, 2>, epsilon = 0.000000e+00 : f64} : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  %7 = onnx.RMSNormalization %x {axes = array<i64: 0, 2>, epsilon = 0.0 : f64} : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  // CHECK-NEXT: onnx.LRN %x {size = 3 : i64, alpha = 1.000000e-04 : f64, beta = 7.500000e-01 : f64, bias = 1.000000e+00 : f64} : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  %8 = onnx.LRN %x {size = 3 : i64, alpha = 1.0e-04 : f64, beta = 0.75 : f64, bias = 1.0 : f64}
    : tensor<2x4x6xf32> -> tensor<2x4x6xf32>
  func.return
}

// CHECK-LABEL: func.func @integers
func.func @integers(%x: tensor<1x4xf32>, %i: tensor<1x4xi32>, %j: tensor<4xi32>) -> tensor<1x4xf32> {
  // CHECK-NEXT: %0 = onnx.IntegerUnary %i {function = "abs"} : tensor<1x4xi32> -> tensor<1x4xi32>
  %0 = onnx.IntegerUnary %i {function = "abs"} : tensor<1x4xi32> -> tensor<1x4xi32>
  // CHECK-NEXT: %1 = onnx.IntegerBinary %0, %j {function = "add"} : (tensor<1x4xi32>, tensor<4xi32>) -> tensor<1x4xi32>
  %1 = onnx.IntegerBinary %0, %j {function = "add"} : (tensor<1x4xi32>, tensor<4xi32>) -> tensor<1x4xi32>
  // CHECK-NEXT: %2 = onnx.Compare %1, %j {function = "less"} : (tensor<1x4xi32>, tensor<4xi32>) -> tensor<1x4xi1>
  %2 = onnx.Compare %1, %j {function = "less"} : (tensor<1x4xi32>, tensor<4xi32>) -> tensor<1x4xi1>
  // CHECK-NEXT: %3 = onnx.NotFinite %x {function = "nan"} : tensor<1x4xf32> -> tensor<1x4xi1>
  %3 = onnx.NotFinite %x {function = "nan"} : tensor<1x4xf32> -> tensor<1x4xi1>
  // CHECK-NEXT: %4 = onnx.IntegerBinary %2, %3 {function = "or"} : (tensor<1x4xi1>, tensor<1x4xi1>) -> tensor<1x4xi1>
  %4 = onnx.IntegerBinary %2, %3 {function = "or"} : (tensor<1x4xi1>, tensor<1x4xi1>) -> tensor<1x4xi1>
  // CHECK-NEXT: %5 = onnx.Cast %1 {node = "real"} : tensor<1x4xi32> -> tensor<1x4xf32>
  %5 = onnx.Cast %1 {node = "real"} : tensor<1x4xi32> -> tensor<1x4xf32>
  // CHECK-NEXT: %6 = onnx.Where %4, %x, %5 : (tensor<1x4xi1>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %6 = onnx.Where %4, %x, %5 : (tensor<1x4xi1>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  func.return %6 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @functions
func.func @functions(%x: tensor<1x4xf32>, %s: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK-NEXT: %0 = onnx.Tanh %x : tensor<1x4xf32> -> tensor<1x4xf32>
  %0 = onnx.Tanh %x : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %1 = onnx.Elu %0 {alpha = 5.000000e-01 : f64} : tensor<1x4xf32> -> tensor<1x4xf32>
  %1 = onnx.Elu %0 {alpha = 0.5 : f64} : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %2 = onnx.Gelu %1 {approximate = "tanh"} : tensor<1x4xf32> -> tensor<1x4xf32>
  %2 = onnx.Gelu %1 {approximate = "tanh"} : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: %3 = onnx.PRelu %2, %s : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %3 = onnx.PRelu %2, %s : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: %4 = onnx.Max %3, %x, %s : (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %4 = onnx.Max %3, %x, %s : (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  // CHECK-NEXT: %5 = onnx.Mod %4, %s {fmod = 1 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %5 = onnx.Mod %4, %s {fmod = 1 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  func.return %5 : tensor<1x4xf32>
}
