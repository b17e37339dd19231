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

// -----

// In a scan the means are those of all rounds: of the state 0 in the first, the input's 3 and 2 in the second.
// CHECK-LABEL: func.func @repeated
func.func @repeated(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = onnx.Constant dense<[[0.75, 0.25], [-0.5, 1.0]]> : tensor<2x2xf32> {fixed.type = !fixed.q<i8, axis 0 {1.0, 1.0}>} -> tensor<2x2xf32>
  %h0 = onnx.Constant dense<0.0> : tensor<1x2xf32> -> tensor<1x2xf32>
  %both = onnx.Concat %x, %x {axis = 0 : i64} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<2x2xf32>
  %y = onnx.Scan 2 states(%h0 : tensor<1x2xf32>) ins(%both : tensor<2x2xf32>)
      along <0> reversed <0> stacks along <> reversed <> do {
  ^bb0(%h: tensor<1x2xf32>, %xt: tensor<2xf32>):
    // CHECK: %[[B:.*]] = onnx.Constant dense<[-1.250000e-01, -7.500000e-01]>
    // CHECK: onnx.Gemm %h, %{{.*}} bias %[[B]]
    %a = onnx.Gemm %h, %w {fixed.type = !fixed.q<i8, 2^-2>} : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
    %row = onnx.Reshape %xt : tensor<2xf32> -> tensor<1x2xf32>
    %n = onnx.Add %a, %row : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
    onnx.Next states(%n : tensor<1x2xf32>)
  } -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}
