// Features that the model brings to one size have a scale each: that of the result, or what it and a summand reach.

// CHECK-LABEL: func.func @scaled
// CHECK-SAME:    fixed.input_types = [!fixed.q<i8, axis 1 {2^-4, 2^-1} : -128>]
func.func @scaled(%x: tensor<1x2xf32>) -> tensor<1x2xf32>
    attributes {fixed.input_ranges = [[0.0 : f64, 127.5 : f64]]} {
  %a = onnx.Constant dense<[0.125, 0.015625]> : tensor<2xf32> -> tensor<2xf32>
  %b = onnx.Constant dense<0.0> : tensor<2xf32> -> tensor<2xf32>
  %v = onnx.Constant dense<1.0> : tensor<2xf32> -> tensor<2xf32>
  // CHECK: onnx.BatchNormalization {{.*}}fixed.type = !fixed.q<i8, 2^-7 : -128>
  %0 = onnx.BatchNormalization %x, %a, %b, %b, %v {epsilon = 0.0 : f64, fixed.range = [0.0 : f64, 1.9921875 : f64]}
    : (tensor<1x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  func.return %0 : tensor<1x2xf32>
}

// -----

// CHECK-LABEL: func.func @moved
// CHECK-SAME:    fixed.input_types = [!fixed.q<ui8, axis 1 {2^-6, 2^-2}>]
func.func @moved(%x: tensor<1x2xf32>) -> tensor<1x2xf32>
    attributes {fixed.input_ranges = [[0.0 : f64, 60.0 : f64]]} {
  %a = onnx.Constant dense<[1.0, 0.0625]> : tensor<2xf32> -> tensor<2xf32>
  %b = onnx.Constant dense<-2.984375> : tensor<2xf32> -> tensor<2xf32>
  %m = onnx.Constant dense<0.0> : tensor<2xf32> -> tensor<2xf32>
  %v = onnx.Constant dense<1.0> : tensor<2xf32> -> tensor<2xf32>
  // CHECK: onnx.BatchNormalization {{.*}}fixed.type = !fixed.q<i8, 2^-7 : -1>
  %0 = onnx.BatchNormalization %x, %a, %b, %m, %v
    {epsilon = 0.0 : f64, fixed.range = [-0.9921875 : f64, 1.0 : f64]}
    : (tensor<1x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  func.return %0 : tensor<1x2xf32>
}

// -----

// One scale does as well.
// CHECK-LABEL: func.func @alike
// CHECK-SAME:    fixed.input_types = [!fixed.q<i8,
// CHECK-NOT:     axis
func.func @alike(%x: tensor<1x2xf32>) -> tensor<1x2xf32>
    attributes {fixed.input_ranges = [[0.0 : f64, 60.0 : f64]]} {
  %a = onnx.Constant dense<[1.0, 0.5]> : tensor<2xf32> -> tensor<2xf32>
  %b = onnx.Constant dense<0.0> : tensor<2xf32> -> tensor<2xf32>
  %v = onnx.Constant dense<1.0> : tensor<2xf32> -> tensor<2xf32>
  %0 = onnx.BatchNormalization %x, %a, %b, %b, %v {epsilon = 0.0 : f64, fixed.range = [0.0 : f64, 60.0 : f64]}
    : (tensor<1x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  func.return %0 : tensor<1x2xf32>
}
