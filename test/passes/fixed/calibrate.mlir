// RUN: %python -c "import numpy; numpy.savez('%t.npz', x=numpy.array([[-3.0, 1.0], [2.0, 0.5]], 'f4'))"
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.npz}' --split-input-file %s | filecheck %s
// RUN: not tinyml-opt -p 'fixed-calibrate{data=%t.missing.npz}' --split-input-file %s 2>&1 | filecheck %s --check-prefix=MISSING
// RUN: not tinyml-opt -p 'fixed-calibrate{data=%t.npz method=median}' --split-input-file %s 2>&1 | filecheck %s --check-prefix=UNKNOWN
// MISSING: error: {{.*}}missing.npz: no such data file
// UNKNOWN: error: fixed-calibrate: method is one of minmax, percentile, mse, entropy, got median

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

// -----

// One value lies far outside, and the steps of all others would pay for it: each method cuts it off in its own way; mse
// keeps it at 16 bits, which have steps enough. An output keeps all that was seen, whatever the method.
// RUN: %python -c "import numpy; x = numpy.random.default_rng(0).standard_normal((50000, 2)).astype('f4'); x[7, 0] = 12; numpy.savez('%t.far.npz', x=x)"
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.far.npz method=percentile percentile=99}' --split-input-file %s | filecheck %s --check-prefix=CUT
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.far.npz method=entropy}' --split-input-file %s | filecheck %s --check-prefix=ENTROPY
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.far.npz method=mse}' --split-input-file %s | filecheck %s --check-prefix=MSE
// RUN: tinyml-opt -p 'fixed-calibrate{data=%t.far.npz method=mse bits=16}' --split-input-file %s | filecheck %s --check-prefix=WIDE
// CHECK: func.func @far
// CUT: func.func @far{{.*}} attributes {fixed.input_ranges = {{\[\[}}-2.5{{[0-9e+]*}} : f64, 2.5{{[0-9e+]*}} : f64]]
// ENTROPY: func.func @far{{.*}} attributes {fixed.input_ranges = {{\[\[}}-{{[34].[0-9e+]*}} : f64, {{(1[01]|[3-9]).[0-9e+]*}} : f64]]
// MSE: func.func @far{{.*}} attributes {fixed.input_ranges = {{\[\[}}-{{[34].[0-9e+]*}} : f64, {{(1[01]|[3-9]).[0-9e+]*}} : f64]]
// WIDE: func.func @far{{.*}} attributes {fixed.input_ranges = {{\[\[}}-{{.*}} : f64, 1.200000e+01 : f64]]
func.func @far(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // CUT: onnx.Identity {{.*}}fixed.range = [-2.5{{[0-9e+]*}} : f64, 2.5{{[0-9e+]*}} : f64]
  %0 = onnx.Identity %x : tensor<1x2xf32> -> tensor<1x2xf32>
  // CUT: onnx.Relu {{.*}}fixed.range = [0.000000e+00 : f64, 1.200000e+01 : f64]
  %1 = onnx.Relu %0 : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %1 : tensor<1x2xf32>
}
