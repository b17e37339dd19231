// RUN: tinyml-opt -p onnx-fold-log-sum-exp %s | filecheck %s

// The logarithm of a sum of exponentials is one op, with the axes of the sum and the name of the logarithm.
// CHECK-LABEL: func.func @whole
func.func @whole(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // CHECK-NEXT: %[[y:.*]] = onnx.ReduceLogSumExp %x {axes = array<i64: 1>, node = "log"} : tensor<2x3xf32> -> tensor<2xf32>
  // CHECK-NEXT: func.return %[[y]]
  %e = onnx.Exp %x {node = "exp"} : tensor<2x3xf32> -> tensor<2x3xf32>
  %s = onnx.ReduceSum %e {axes = array<i64: 1>, node = "sum"} : tensor<2x3xf32> -> tensor<2xf32>
  %y = onnx.Log %s {node = "log"} : tensor<2xf32> -> tensor<2xf32>
  func.return %y : tensor<2xf32>
}

// What else reads the sum needs it.
// CHECK-LABEL: func.func @read_elsewhere
func.func @read_elsewhere(%x: tensor<2x3xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  // CHECK-COUNT-3: onnx.{{Exp|ReduceSum|Log}}
  // CHECK-NOT: onnx.ReduceLogSumExp
  %e = onnx.Exp %x : tensor<2x3xf32> -> tensor<2x3xf32>
  %s = onnx.ReduceSum %e {axes = array<i64: 1>} : tensor<2x3xf32> -> tensor<2xf32>
  %y = onnx.Log %s : tensor<2xf32> -> tensor<2xf32>
  func.return %y, %s : tensor<2xf32>, tensor<2xf32>
}
