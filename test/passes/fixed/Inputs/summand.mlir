// A summand of what saturates, moved on the way: beyond the sigmoid's 6.236 and the 1 that the other one adds it does.
// CHECK-LABEL: func.func @summand
// WIDE-LABEL:  func.func @summand
func.func @summand(%x: tensor<1x4xf32>, %b: tensor<1x2xf32>) -> tensor<1x2xf32>
    attributes {fixed.input_ranges = [[-100.0 : f64, 100.0 : f64], [-1.0 : f64, 1.0 : f64]]} {
  // CHECK: onnx.Neg {{.*}}fixed.type = !fixed.q<i8, 0.0567{{[0-9]+}}{{.*}}>
  // WIDE:  onnx.Neg {{.*}}fixed.type = !fixed.q<i16, 0.000368{{[0-9]+}}>
  %0 = onnx.Neg %x {fixed.range = [-100.0 : f64, 100.0 : f64]} : tensor<1x4xf32> -> tensor<1x4xf32>
  %1 = onnx.Slice %0 {starts = array<i64: 0, 1>} : tensor<1x4xf32> -> tensor<1x2xf32>
  %2 = onnx.Add %b, %1 {fixed.range = [-101.0 : f64, 101.0 : f64]} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %3 = onnx.Sigmoid %2 {fixed.range = [0.0 : f64, 1.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %3 : tensor<1x2xf32>
}
