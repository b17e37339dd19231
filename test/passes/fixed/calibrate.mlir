// RUN: %python -c "import numpy; numpy.savez('%t.npz', x=numpy.array([[-3.0, 1.0], [2.0, 0.5]], 'f4'))"
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.npz}' %s | filecheck %s

// The ranges are over all rows; integers have none.
// CHECK: func.func @model{{.*}} attributes {fixed.input_ranges = {{\[\[}}-3.000000e+00 : f64, 2.000000e+00 : f64]]}
func.func @model(%x: tensor<1x2xf32>) -> tensor<1x2xi8> {
  // CHECK: onnx.Relu {{.*}}fixed.range = [0.000000e+00 : f64, 2.000000e+00 : f64]
  %0 = onnx.Relu %x : tensor<1x2xf32> -> tensor<1x2xf32>
  // CHECK: onnx.QuantizeLinear
  // CHECK-NOT: fixed.range
  %1 = onnx.QuantizeLinear %0 {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 1 : i64}
    : tensor<1x2xf32> -> tensor<1x2xi8>
  func.return %1 : tensor<1x2xi8>
}

// RUN: not tinyml-opt -p 'fixed-calibrate{data=%t.missing.npz}' %s 2>&1 | filecheck %s --check-prefix=MISSING
// MISSING: error: {{.*}}missing.npz: no such data file
