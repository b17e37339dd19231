// CHECK-LABEL: func.func @saturating
// WIDE-LABEL:  func.func @saturating
func.func @saturating(%x: tensor<1x2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>)
    attributes {fixed.input_ranges = [[-100.0 : f64, 100.0 : f64]]} {
  // A sigmoid is less than half of 2^-8 from its limits at 6.236 (of 2^-15 at 11.09): what reads 100 reads that.
  // CHECK: onnx.Neg {{.*}}fixed.type = !fixed.q<i8, 0.0489{{[0-9]+}}{{.*}}>
  // WIDE:  onnx.Neg {{.*}}fixed.type = !fixed.q<i16, 0.000338{{[0-9]+}}>
  %0 = onnx.Neg %x {fixed.range = [-100.0 : f64, 100.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  %1 = onnx.Sigmoid %0 {fixed.range = [0.0 : f64, 1.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>

  // Another reader that sees all of it: nothing is cut.
  // CHECK: onnx.Neg {{.*}}fixed.type = !fixed.q<i8, 0.784{{[0-9]+}}{{.*}}>
  // WIDE:  onnx.Neg {{.*}}fixed.type = !fixed.q<i16, 0.0038{{[0-9]+}}>
  %2 = onnx.Neg %x {fixed.range = [-100.0 : f64, 100.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  %3 = onnx.Sigmoid %2 {fixed.range = [0.0 : f64, 1.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>

  // exp(-6.238) is half of 2^-8: the lower end is cut where the function vanishes, and no other.
  // CHECK: onnx.Neg {{.*}}fixed.type = !fixed.q<i8, 0.0244{{[0-9]+}} : 127>
  // WIDE:  onnx.Neg {{.*}}fixed.type = !fixed.q<i16, 0.000441{{[0-9]+}}>
  %4 = onnx.Neg %x {fixed.range = [-100.0 : f64, 0.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  %5 = onnx.Exp %4 {fixed.range = [0.0 : f64, 1.0 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %1, %2, %3, %5 : tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>
}
