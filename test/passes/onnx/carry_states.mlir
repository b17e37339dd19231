// RUN: tinyml-opt -p 'onnx-carry-states{states="h=h_out" rounds=5}' %s | filecheck %s

// The state is an argument of the body, 0 at first; what remains of inputs and outputs has the steps before its shape.
// CHECK:      func.func @cell(%0: tensor<5x1x3xf32> {onnx.name = "x"}) -> (tensor<5x1x3xf32> {onnx.name = "y"}) {
// CHECK-NEXT:   %w = onnx.Constant dense<5.000000e-01>
// CHECK-NEXT:   %1 = onnx.Constant dense<0.000000e+00> : tensor<1x3xf32>
// CHECK-NEXT:   %2, %3 = onnx.Scan 5 states(%1 : tensor<1x3xf32>) ins(%0 : tensor<5x1x3xf32>) along <0> reversed <0>
// CHECK-SAME:     stacks along <0> reversed <0> {node = "steps"} do {
// CHECK-NEXT:   ^bb0(%h: tensor<1x3xf32>, %x: tensor<1x3xf32>):
// CHECK-NEXT:     %a = onnx.Mul %h, %w
// CHECK-NEXT:     %b = onnx.Add %a, %x
// CHECK-NEXT:     %y = onnx.Relu %b
// CHECK-NEXT:     onnx.Next states(%b : tensor<1x3xf32>) outs(%y : tensor<1x3xf32>)
// CHECK-NEXT:   } -> tensor<1x3xf32>, tensor<5x1x3xf32>
// CHECK-NEXT:   func.return %3
func.func @cell(%x: tensor<1x3xf32> {onnx.name = "x"}, %h: tensor<1x3xf32> {onnx.name = "h"})
    -> (tensor<1x3xf32> {onnx.name = "h_out"}, tensor<1x3xf32> {onnx.name = "y"}) {
  %w = onnx.Constant dense<0.5> : tensor<1x3xf32> -> tensor<1x3xf32>
  %a = onnx.Mul %h, %w : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
  %b = onnx.Add %a, %x : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
  %y = onnx.Relu %b : tensor<1x3xf32> -> tensor<1x3xf32>
  func.return %b, %y : tensor<1x3xf32>, tensor<1x3xf32>
}
