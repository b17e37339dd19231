// RUN: tinyml-opt -p onnx-fuse-exponentials %s | filecheck %s

// CHECK-LABEL: func.func @softmax
func.func @softmax(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK-NEXT: %[[y:.*]] = onnx.Softmax %x {axis = 1 : i64, node = "y"} : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: func.return %[[y]]
  %m = onnx.ReduceMax %x {axes = array<i64: 1>} : tensor<1x4xf32> -> tensor<1x1xf32>
  %d = onnx.Sub %x, %m : (tensor<1x4xf32>, tensor<1x1xf32>) -> tensor<1x4xf32>
  %e = onnx.Exp %d : tensor<1x4xf32> -> tensor<1x4xf32>
  %s = onnx.ReduceSum %e {axes = array<i64: 1>} : tensor<1x4xf32> -> tensor<1x1xf32>
  %y = onnx.Div %e, %s {node = "y"} : (tensor<1x4xf32>, tensor<1x1xf32>) -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @log_softmax
func.func @log_softmax(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK-NEXT: %[[y:.*]] = onnx.LogSoftmax %x {axis = 1 : i64, node = "y"} : tensor<1x4xf32> -> tensor<1x4xf32>
  // CHECK-NEXT: func.return %[[y]]
  %s = onnx.Softmax %x {axis = 1 : i64} : tensor<1x4xf32> -> tensor<1x4xf32>
  %y = onnx.Log %s {node = "y"} : tensor<1x4xf32> -> tensor<1x4xf32>
  func.return %y : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @log_sum_exp
func.func @log_sum_exp(%x: tensor<1x4x2xf32>) -> tensor<1xf32> {
  // CHECK-NEXT: %[[y:.*]] = onnx.ReduceLogSumExp %x {axes = array<i64: 1, 2>, node = "y"} : tensor<1x4x2xf32> -> tensor<1xf32>
  // CHECK-NEXT: func.return %[[y]]
  %e = onnx.Exp %x : tensor<1x4x2xf32> -> tensor<1x4x2xf32>
  %s = onnx.ReduceSum %e {axes = array<i64: 1, 2>} : tensor<1x4x2xf32> -> tensor<1xf32>
  %y = onnx.Log %s {node = "y"} : tensor<1xf32> -> tensor<1xf32>
  func.return %y : tensor<1xf32>
}

// The sum is not that of the exponentials, or runs along several dimensions: nothing to do.
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<1x4xf32>, %z: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %e = onnx.Exp %x : tensor<1x4xf32> -> tensor<1x4xf32>
  %s = onnx.ReduceSum %z {axes = array<i64: 1>} : tensor<1x4xf32> -> tensor<1x1xf32>
  // CHECK: onnx.Div
  %0 = onnx.Div %e, %s : (tensor<1x4xf32>, tensor<1x1xf32>) -> tensor<1x4xf32>
  %t = onnx.ReduceSum %e {axes = array<i64: 0, 1>} : tensor<1x4xf32> -> tensor<1x1xf32>
  // CHECK: onnx.Div
  %1 = onnx.Div %e, %t : (tensor<1x4xf32>, tensor<1x1xf32>) -> tensor<1x4xf32>
  func.return %0, %1 : tensor<1x4xf32>, tensor<1x4xf32>
}
