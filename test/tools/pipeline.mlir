// A named pipeline stands in the list like a pass, with its parameters; -t prints what the last pass left.
// RUN: tinyml-opt -p 'onnx-to-fixed{nominal bits=16}' %s | filecheck %s
// RUN: tinyml-opt -p 'onnx-to-fixed{nominal},fixed-to-memplan,memplan-to-emitc{index-bits=16}' -t c %s | filecheck %s --check-prefix C

// CHECK: fixed.map
// CHECK-SAME: i16
// C: void relu_run(const int8_t *x_in, int8_t *y_out) {
func.func @relu(%x: tensor<1x4xf32> {onnx.name = "x"}) -> (tensor<1x4xf32> {onnx.name = "y"}) {
  %y = onnx.Relu %x {node = "relu"} : tensor<1x4xf32> -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}
