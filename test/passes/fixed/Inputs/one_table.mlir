// Both read the same table: a step of the tangent's operand is half of one of the sigmoid's, and so are its results'.
// CHECK-LABEL: func.func @gates
// CHECK:         onnx.Add {{.*}}fixed.type = !fixed.q<i8, 0.0472{{.*}}>
// CHECK:         onnx.Sigmoid {{.*}}fixed.type = !fixed.q<i8, 2^-8 : -128>
// CHECK:         onnx.Add {{.*}}fixed.type = !fixed.q<i8, 0.0236{{.*}}>
// CHECK:         onnx.Tanh {{.*}}fixed.type = !fixed.q<i8, 2^-7>
func.func @gates(%x: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>)
    attributes {fixed.input_ranges = [[-9.0 : f64, 9.0 : f64]]} {
  %b = onnx.Constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<2xf32>
  %0 = onnx.Add %x, %b {fixed.range = [-8.0 : f64, 11.0 : f64]} : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %1 = onnx.Sigmoid %0 {fixed.range = [0.0 : f64, 1.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  %2 = onnx.Add %x, %b {fixed.range = [-8.0 : f64, 11.0 : f64]} : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %3 = onnx.Tanh %2 {fixed.range = [-1.0 : f64, 1.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  // A range of its own, as fine as this one, is not given up for a table.
  // CHECK:       onnx.Mul {{.*}}fixed.type = !fixed.q<i8, 2^-7>
  %4 = onnx.Mul %x, %b {fixed.range = [-1.0 : f64, 0.9921875 : f64]} : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %5 = onnx.Sigmoid %4 {fixed.range = [0.25 : f64, 0.75 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %1, %3, %5 : tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>
}
