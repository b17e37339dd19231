// The Gemm has no bias: a zero point of its input would be one. The second one is
// one-sided: its steps would be twice as long. With a bias a zero point costs nothing.
// CHECK-LABEL: func.func @spared
// CHECK-SAME:    fixed.input_types = [!fixed.q<i8, 2^-5>, !fixed.q<i8, 2^-6 : -128>, !fixed.q<i8, 0.025 : -48>]
func.func @spared(%x: tensor<1x2xf32>, %y: tensor<1x2xf32>, %z: tensor<1x2xf32>)
    -> (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>)
    attributes {fixed.input_ranges = [[-2.0 : f64, 3.96875 : f64], [0.0 : f64, 3.984375 : f64], [-2.0 : f64, 4.375 : f64]]} {
  %w = onnx.Constant dense<[[15.875, 1.0], [63.5, -2.0]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  %0 = onnx.Gemm %x, %w {fixed.range = [-9.0 : f64, 9.0 : f64]}
    : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %1 = onnx.Gemm %y, %w {fixed.range = [-9.0 : f64, 9.0 : f64]}
    : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %b = onnx.Constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
  %2 = onnx.Gemm %z, %w bias %b {fixed.range = [-9.0 : f64, 9.0 : f64]}
    : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  func.return %0, %1, %2 : tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>
}
