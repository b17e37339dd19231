// RUN: tinyml-opt -p onnx-fold-pad %s | filecheck %s

// The integer of the Pad is the zero point: behind the DequantizeLinear it stands for 0, and the Conv pads instead.
// The Transpose between them puts the padded dimensions where the Conv has them.
// CHECK-LABEL: func.func @convolution
func.func @convolution(%x: tensor<1x3x2x1xi8>, %w: tensor<1x1x3x3xf32>) -> tensor<1x1x3x3xf32> {
  // CHECK-NEXT: %[[t:.*]] = onnx.Transpose %x {{.*}} -> tensor<1x1x3x2xi8>
  // CHECK-NEXT: %[[d:.*]] = onnx.DequantizeLinear %[[t]] {{.*}} -> tensor<1x1x3x2xf32>
  // CHECK-NEXT: %[[y:.*]] = onnx.Conv %[[d]], %w {{.*}}pads = array<i64: 1, 1, 1, 2>
  %0 = onnx.Pad %x {pads = array<i64: 0, 1, 0, 0, 0, 1, 2, 0>, value = 7.0 : f64} : tensor<1x3x2x1xi8> -> tensor<1x5x4x1xi8>
  %1 = onnx.Transpose %0 {perm = array<i64: 0, 3, 1, 2>} : tensor<1x5x4x1xi8> -> tensor<1x1x5x4xi8>
  %2 = onnx.DequantizeLinear %1 {scale = dense<0.5> : tensor<f32>, zero_point = dense<7> : tensor<i8>, axis = 1 : i64}
    : tensor<1x1x5x4xi8> -> tensor<1x1x5x4xf32>
  %3 = onnx.Conv %2, %w {group = 1 : i64, strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 0>,
    dilations = array<i64: 1, 1>} : (tensor<1x1x5x4xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x3x3xf32>
  func.return %3 : tensor<1x1x3x3xf32>
}

// A number other than 0 stays, and so does padding of channels.
// CHECK-LABEL: func.func @not_zero
func.func @not_zero(%x: tensor<1x1x4xf32>, %w: tensor<1x1x3xf32>) -> (tensor<1x1x4xf32>, tensor<1x1x2xf32>) {
  // CHECK-NEXT: onnx.Pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 1.000000e+00 : f64}
  %0 = onnx.Pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 1.0 : f64} : tensor<1x1x4xf32> -> tensor<1x1x6xf32>
  %1 = onnx.Conv %0, %w {group = 1 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>}
    : (tensor<1x1x6xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  // CHECK: onnx.Pad %{{.*}} {pads = array<i64: 0, 1, 0, 0, 0, 0>
  %w2 = "test.op"() : () -> tensor<1x2x3xf32>
  %2 = onnx.Pad %x {pads = array<i64: 0, 1, 0, 0, 0, 0>, value = 0.0 : f64} : tensor<1x1x4xf32> -> tensor<1x2x4xf32>
  %3 = onnx.Conv %2, %w2 {group = 1 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>}
    : (tensor<1x2x4xf32>, tensor<1x2x3xf32>) -> tensor<1x1x2xf32>
  func.return %1, %3 : tensor<1x1x4xf32>, tensor<1x1x2xf32>
}

// A mean counts what the Pad added. A Pad that is used elsewhere stays there.
// CHECK-LABEL: func.func @average
func.func @average(%x: tensor<1x1x4xf32>) -> (tensor<1x1x5xf32>, tensor<1x1x6xf32>) {
  // CHECK-NEXT: %[[p:.*]] = onnx.Pad %x
  // CHECK-NEXT: %[[y:.*]] = onnx.AveragePool %x {{.*}}pads = array<i64: 1, 1>{{.*}}count_include_pad = 1
  // CHECK-NEXT: func.return %[[y]], %[[p]]
  %0 = onnx.Pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 0.0 : f64} : tensor<1x1x4xf32> -> tensor<1x1x6xf32>
  %1 = onnx.AveragePool %0 {kernel_shape = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>, count_include_pad = 0 : i64} : (tensor<1x1x6xf32>) -> tensor<1x1x5xf32>
  func.return %1, %0 : tensor<1x1x5xf32>, tensor<1x1x6xf32>
}

// Nothing falls below 0 behind a Relu: the greatest of a window is the same without the zeros beside it.
// CHECK-LABEL: func.func @greatest
func.func @greatest(%x: tensor<1x1x4xf32>) -> (tensor<1x1x5xf32>, tensor<1x1x5xf32>, tensor<1x1x6xf32>) {
  // CHECK-NEXT: %[[r:.*]] = onnx.Relu %x
  // CHECK-NEXT: %[[q:.*]] = onnx.Pad %[[r]]
  // CHECK-NEXT: onnx.MaxPool %[[r]] {{.*}}pads = array<i64: 1, 1>
  %0 = onnx.Relu %x : tensor<1x1x4xf32> -> tensor<1x1x4xf32>
  %1 = onnx.Pad %0 {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 0.0 : f64} : tensor<1x1x4xf32> -> tensor<1x1x6xf32>
  %2 = onnx.MaxPool %1 {kernel_shape = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>} : (tensor<1x1x6xf32>) -> tensor<1x1x5xf32>
  // Without the Relu it would not be.
  // CHECK-NEXT: %[[p:.*]] = onnx.Pad %x
  // CHECK-NEXT: onnx.MaxPool %[[p]] {{.*}}pads = array<i64: 0, 0>
  %3 = onnx.Pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 0.0 : f64} : tensor<1x1x4xf32> -> tensor<1x1x6xf32>
  %4 = onnx.MaxPool %3 {kernel_shape = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>} : (tensor<1x1x6xf32>) -> tensor<1x1x5xf32>
  // A window with nothing but zeros has no other element.
  // CHECK-NEXT: onnx.MaxPool %[[q]] {kernel_shape = array<i64: 1>, strides = array<i64: 1>, pads = array<i64: 0, 0>
  %5 = onnx.MaxPool %1 {kernel_shape = array<i64: 1>, strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>} : (tensor<1x1x6xf32>) -> tensor<1x1x6xf32>
  func.return %2, %4, %5 : tensor<1x1x5xf32>, tensor<1x1x5xf32>, tensor<1x1x6xf32>
}

// No type of the calibrated range reaches as far down as the number: the MaxPool pads instead. With -2 it might.
// CHECK-LABEL: func.func @far_below
func.func @far_below(%x: tensor<1x1x4xf32>) -> (tensor<1x1x5xf32>, tensor<1x1x5xf32>)
    attributes {fixed.input_ranges = [[-1.0 : f64, 1.0 : f64]]} {
  // CHECK-NEXT: onnx.MaxPool %x {{.*}}pads = array<i64: 1, 1>
  %0 = onnx.Pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = -100.0 : f64} : tensor<1x1x4xf32> -> tensor<1x1x6xf32>
  %1 = onnx.MaxPool %0 {kernel_shape = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>} : (tensor<1x1x6xf32>) -> tensor<1x1x5xf32>
  // CHECK-NEXT: %[[p:.*]] = onnx.Pad %x
  // CHECK-NEXT: onnx.MaxPool %[[p]] {{.*}}pads = array<i64: 0, 0>
  %2 = onnx.Pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = -2.0 : f64} : tensor<1x1x4xf32> -> tensor<1x1x6xf32>
  %3 = onnx.MaxPool %2 {kernel_shape = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>} : (tensor<1x1x6xf32>) -> tensor<1x1x5xf32>
  func.return %1, %3 : tensor<1x1x5xf32>, tensor<1x1x5xf32>
}

// An activation between them stays between the layer and what was padded.
// CHECK-LABEL: func.func @behind_relu
func.func @behind_relu(%x: tensor<1x1x4xf32>) -> tensor<1x1x5xf32> {
  // CHECK-NEXT: %[[r:.*]] = onnx.Relu %x
  // CHECK-NEXT: onnx.MaxPool %[[r]] {{.*}}pads = array<i64: 1, 1>
  %0 = onnx.Pad %x {pads = array<i64: 0, 0, 1, 0, 0, 1>, value = 0xFFF0000000000000 : f64} : tensor<1x1x4xf32> -> tensor<1x1x6xf32>
  %1 = onnx.Relu %0 : tensor<1x1x6xf32> -> tensor<1x1x6xf32>
  %2 = onnx.MaxPool %1 {kernel_shape = array<i64: 2>, strides = array<i64: 1>, pads = array<i64: 0, 0>,
    dilations = array<i64: 1>} : (tensor<1x1x6xf32>) -> tensor<1x1x5xf32>
  func.return %2 : tensor<1x1x5xf32>
}
