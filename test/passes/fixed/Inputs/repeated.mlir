// A state has one type before, in and after each round, of all that it is; slices have that of the whole tensor.
// CHECK-LABEL: func.func @recurrent
func.func @recurrent(%x: tensor<4x1x2xf32>) -> (tensor<1x2xf32>, tensor<8xf32>)
    attributes {fixed.input_ranges = [[-1.0 : f64, 0.9921875 : f64]]} {
  // CHECK: onnx.Constant {{.*}}fixed.type = !fixed.q<i8, 2^-5>
  %h0 = onnx.Constant dense<[[-4.0, 1.0]]> : tensor<1x2xf32> -> tensor<1x2xf32>
  // CHECK: onnx.Scan {{.*}}fixed.state_types = [!fixed.q<i8, 2^-5>]
  %y, %all = onnx.Scan 4 states(%h0 : tensor<1x2xf32>) ins(%x : tensor<4x1x2xf32>)
      along <0> reversed <0> stacks along <0> reversed <0> do {
  ^bb0(%h: tensor<1x2xf32>, %xt: tensor<1x2xf32>):
    // CHECK: onnx.Add {{.*}}fixed.type = !fixed.q<i8, 2^-5>
    %n = onnx.Add %h, %xt {fixed.range = [-0.5 : f64, 3.96875 : f64]}
      : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
    // CHECK: onnx.Reshape {{.*}}fixed.type = !fixed.q<i8, 2^-7>
    %r = onnx.Reshape %xt : tensor<1x2xf32> -> tensor<1x2xf32>
    onnx.Next states(%n : tensor<1x2xf32>) outs(%r : tensor<1x2xf32>)
  } -> tensor<1x2xf32>, tensor<4x1x2xf32>
  // CHECK: onnx.Reshape {{.*}}fixed.type = !fixed.q<i8, 2^-7>
  %0 = onnx.Reshape %all : tensor<4x1x2xf32> -> tensor<8xf32>
  func.return %y, %0 : tensor<1x2xf32>, tensor<8xf32>
}
