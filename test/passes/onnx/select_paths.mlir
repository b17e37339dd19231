// RUN: tinyml-opt -p onnx-select-paths %s | filecheck %s

// One threshold chooses one of two nodes below the root: the mask is [1, not t, t]. The root is a layer of its own,
// the other level a product with the weights that a table of two outcomes names.
// CHECK-LABEL: func.func @stump
func.func @stump(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %w = onnx.Constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32> -> tensor<3x2xf32>
  %t = onnx.Constant dense<[[7.0, 8.0]]> : tensor<1x2xf32> -> tensor<1x2xf32>
  %zero = onnx.Constant dense<0.0> : tensor<1xf32> -> tensor<1xf32>
  %one = onnx.Constant dense<1.0> : tensor<1x1xf32> -> tensor<1x1xf32>
  %g = onnx.Gemm %x, %t : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  // CHECK: %[[c:.*]] = onnx.Compare
  %c = onnx.Compare %zero, %g {function = "less"} : (tensor<1xf32>, tensor<1x1xf32>) -> tensor<1x1xi1>
  %d = onnx.Cast %c : tensor<1x1xi1> -> tensor<1x1xf32>
  %e = onnx.Sub %one, %d : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32>
  %mask = onnx.Concat %one, %e, %d {axis = 1 : i64} : (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x3xf32>
  %n = onnx.Gemm %x, %w : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<1x3xf32>
  %h = onnx.Tanh %n : tensor<1x3xf32> -> tensor<1x3xf32>
  %m = onnx.Reshape %h : tensor<1x3xf32> -> tensor<3x1xf32>
  // CHECK: %[[w0:.*]] = onnx.Constant dense<{{\[\[}}1.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
  // CHECK: %[[g0:.*]] = onnx.Gemm %x, %[[w0]]
  // CHECK: %[[h0:.*]] = onnx.Tanh %[[g0]]
  // CHECK: onnx.Cast %[[c]]
  // CHECK: %[[outcome:.*]] = onnx.IntegerBinary {{.*}} {function = "min"
  // CHECK: %[[table:.*]] = onnx.Constant dense<[1, 2]> : tensor<2xi16>
  // CHECK: %[[node:.*]] = onnx.Take %[[table]], %[[outcome]]
  // CHECK: %[[take:.*]] = onnx.Take {{.*}}, %[[node]] {axis = 0 : i64{{.*}}} : (tensor<3x1x2xf32>, tensor<i16>)
  // CHECK: %[[w1:.*]] = onnx.Transpose %[[take]]
  // CHECK: %[[g1:.*]] = onnx.MatMul %x, %[[w1]]
  // CHECK: %[[h1:.*]] = onnx.Tanh %[[g1]]
  // CHECK: %[[y:.*]] = onnx.Add %[[h0]], %[[h1]]
  // CHECK: func.return %[[y]]
  %y = onnx.MatMul %mask, %m : (tensor<1x3xf32>, tensor<3x1xf32>) -> tensor<1x1xf32>
  func.return %y : tensor<1x1xf32>
}

// A mask that selects one row or two, one that is no 0 and 1, and rows that depend on each other.
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<1x2xf32>, %m: tensor<2x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) {
  // CHECK-NOT: onnx.Take
  %zero = onnx.Constant dense<0.0> : tensor<1xf32> -> tensor<1xf32>
  %half = onnx.Constant dense<0.5> : tensor<1xf32> -> tensor<1xf32>
  %c = onnx.Compare %zero, %x {function = "less"} : (tensor<1xf32>, tensor<1x2xf32>) -> tensor<1x2xi1>
  %d = onnx.Cast %c : tensor<1x2xi1> -> tensor<1x2xf32>
  %0 = onnx.MatMul %d, %m : (tensor<1x2xf32>, tensor<2x4xf32>) -> tensor<1x4xf32>
  %e = onnx.Mul %d, %half : (tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x2xf32>
  %1 = onnx.MatMul %e, %m : (tensor<1x2xf32>, tensor<2x4xf32>) -> tensor<1x4xf32>
  %f = onnx.Slice %d {starts = array<i64: 0, 0>} : tensor<1x2xf32> -> tensor<1x1xf32>
  %g = onnx.Sub %half, %f : (tensor<1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32>
  %h = onnx.Add %g, %half : (tensor<1x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %i = onnx.Concat %f, %h {axis = 1 : i64} : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x2xf32>
  %s = onnx.Softmax %m {axis = 0 : i64} : tensor<2x4xf32> -> tensor<2x4xf32>
  %2 = onnx.MatMul %i, %s : (tensor<1x2xf32>, tensor<2x4xf32>) -> tensor<1x4xf32>
  func.return %0, %1, %2 : tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>
}
