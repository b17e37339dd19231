// What is set where nothing follows it is refused, all of it at once.
// CHECK: onnx.Constant 'b' has a width or scale set, but a bias has the scale of its layer's accumulator: set the layer's weights
// CHECK: onnx.Relu 'relu' has a width or scale set, but only weights have scales per row or tensor: leave `per` out
// CHECK: onnx.Flatten 'flat' has a width or scale set, but it is stored as 'relu' is: set that
func.func @f(%x: tensor<1x2xf32>) -> tensor<1x2xf32> attributes {fixed.input_ranges = [[-4.0 : f64, 4.0 : f64]]} {
  %w = onnx.Constant dense<1.0> : tensor<2x2xf32> {node = "w"} -> tensor<2x2xf32>
  %b = onnx.Constant dense<1.0> : tensor<2xf32> {fixed.bits = 8 : i64, node = "b"} -> tensor<2xf32>
  %0 = onnx.Gemm %x, %w bias %b {fixed.range = [-9.0 : f64, 4.0 : f64], node = "gemm"}
    : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %1 = onnx.Relu %0 {fixed.range = [0.0 : f64, 4.0 : f64], fixed.per = "row", node = "relu"} : tensor<1x2xf32> -> tensor<1x2xf32>
  %2 = onnx.Flatten %1 {fixed.range = [0.0 : f64, 4.0 : f64], fixed.bits = 16 : i64, node = "flat"} : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %2 : tensor<1x2xf32>
}
