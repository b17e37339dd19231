// RUN: %python -c "import numpy; numpy.savez('%t.npz', x=numpy.array([[2.0, 1.0], [4.0, 3.0]], 'f4'))"
// RUN: tinyml-opt -p 'fixed-correct-bias{data=%t.npz}' --split-input-file %s | filecheck %s

// The weights 0.75 and 0.25 round to 1 and 0 (to even), -0.5 to 0: the errors are 0.25 and -0.25 on inputs of mean 3 and 2
// for the first channel, 0.5 on 3 for the second. The bias loses 0.25, and 1.5.
// CHECK-LABEL: func.func @layer
func.func @layer(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // CHECK: %[[B:.*]] = onnx.Constant dense<[7.500000e-01, -5.000000e-01]> : tensor<2xf32>
  // CHECK: onnx.Gemm %x, %{{.*}} bias %[[B]] {{.*}}fixed.type = !fixed.q<i8, 2^-2>
  %w = onnx.Constant dense<[[0.75, 0.25], [-0.5, 1.0]]> : tensor<2x2xf32> {fixed.type = !fixed.q<i8, axis 0 {1.0, 1.0}>} -> tensor<2x2xf32>
  %b = onnx.Constant dense<[1.0, 1.0]> : tensor<2xf32> -> tensor<2xf32>
  %0 = onnx.Gemm %x, %w bias %b {fixed.type = !fixed.q<i8, 2^-2>} : (tensor<1x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  func.return %0 : tensor<1x2xf32>
}

// -----

// Without a type of its weights a layer stays.
// CHECK-LABEL: func.func @untyped
func.func @untyped(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  // CHECK: onnx.Gemm %x, %w : (
  %w = onnx.Constant dense<[[0.75, 0.25]]> : tensor<1x2xf32> -> tensor<1x2xf32>
  %0 = onnx.Gemm %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  func.return %0 : tensor<1x1xf32>
}
