// RUN: tinyml-opt -p 'fixed-assume-ranges{magnitude=2.0}' %s | filecheck %s

// A range that is known stays.
// CHECK: func.func @model{{.*}} attributes {fixed.input_ranges = {{\[\[}}-2.000000e+00 : f64, 2.000000e+00 : f64]]}
func.func @model(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK: onnx.Relu {{.*}}fixed.range = [-2.000000e+00 : f64, 2.000000e+00 : f64]
  %0 = onnx.Relu %x : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK: onnx.Sigmoid {{.*}}fixed.range = [0.000000e+00 : f64, 1.000000e+00 : f64]
  %1 = onnx.Sigmoid %0 {fixed.range = [0.0 : f64, 1.0 : f64]} : tensor<1x4xf32> -> tensor<1x4xf32>
  func.return %1 : tensor<1x4xf32>
}
