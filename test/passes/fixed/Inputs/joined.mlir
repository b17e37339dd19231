// Parts of a concatenation: the input and what is much finer and read elsewhere keep types of their own.
// CHECK:      fixed.input_types = [!fixed.q<i8, 2^-7>]
func.func @joined(%x: tensor<1x2xf32>) -> (tensor<1x8xf32>, tensor<1x2xf32>, tensor<1x2xf32>)
    attributes {fixed.input_ranges = [[-1.0 : f64, 0.9921875 : f64]]} {
  // CHECK: onnx.Relu {{.*}}fixed.type = !fixed.q<i8, 2^-8 : -128>, node = "fine"
  %fine = onnx.Relu %x {node = "fine", fixed.range = [0.0 : f64, 0.99609375 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  // CHECK: onnx.Tanh {{.*}}fixed.type = !fixed.q<i8, 2^-5>, node = "close"
  %close = onnx.Tanh %x {node = "close", fixed.range = [-2.5 : f64, 2.5 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  // CHECK: onnx.Sigmoid {{.*}}fixed.type = !fixed.q<i8, 2^-5>, node = "alone"
  %alone = onnx.Sigmoid %x {node = "alone", fixed.range = [0.0 : f64, 0.5 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  // CHECK: onnx.Concat {{.*}}fixed.type = !fixed.q<i8, 2^-5>
  %y = onnx.Concat %x, %fine, %close, %alone {axis = 1 : i64, fixed.range = [-4.0 : f64, 3.96875 : f64]}
    : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x8xf32>
  func.return %y, %fine, %close : tensor<1x8xf32>, tensor<1x2xf32>, tensor<1x2xf32>
}
