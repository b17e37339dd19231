// RUN: tinyml-opt -p onnx-split-products %s | filecheck %s

// In a body a slice and a state are multiplied where they lie; the weights are parted before all rounds.
// CHECK-LABEL: func.func @recurrent
func.func @recurrent(%x: tensor<4x1x2xf32>, %h0: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %w = onnx.Constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32> -> tensor<1x3xf32>
  %b = onnx.Constant dense<5.0> : tensor<1xf32> -> tensor<1xf32>
  // CHECK-DAG: %[[wx:.*]] = onnx.Constant dense<{{\[\[}}1.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
  // CHECK-DAG: %[[wh:.*]] = onnx.Constant dense<3.000000e+00> : tensor<1x1xf32>
  // CHECK: onnx.Scan
  %y = onnx.Scan 4 states(%h0 : tensor<1x1xf32>) ins(%x : tensor<4x1x2xf32>)
      along <0> reversed <0> stacks along <> reversed <> do {
  // CHECK: ^bb0(%[[h:.*]]: tensor<1x1xf32>, %[[x:.*]]: tensor<1x2xf32>):
  ^bb0(%h: tensor<1x1xf32>, %xt: tensor<1x2xf32>):
    // CHECK-NOT: onnx.Concat
    %c = onnx.Concat %xt, %h {axis = 1 : i64} : (tensor<1x2xf32>, tensor<1x1xf32>) -> tensor<1x3xf32>
    // CHECK-NEXT: %[[p:.*]] = onnx.Gemm %[[x]], %[[wx]] bias %{{.*}} {node = "cell_part_0"}
    // CHECK-NEXT: %[[q:.*]] = onnx.Gemm %[[h]], %[[wh]] {node = "cell_part_1"}
    // CHECK-NEXT: %[[s:.*]] = onnx.Add %[[p]], %[[q]] {node = "cell"}
    %n = onnx.Gemm %c, %w bias %b {node = "cell"} : (tensor<1x3xf32>, tensor<1x3xf32>, tensor<1xf32>) -> tensor<1x1xf32>
    // CHECK-NEXT: onnx.Next states(%[[s]]
    onnx.Next states(%n : tensor<1x1xf32>)
  } -> tensor<1x1xf32>
  func.return %y : tensor<1x1xf32>
}

// Outside of a body parts are written where they belong: nothing is gained. Nor where something else reads the whole.
// CHECK-LABEL: func.func @once
func.func @once(%x: tensor<1x2xf32>, %h: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %w = onnx.Constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32> -> tensor<1x3xf32>
  // CHECK: onnx.Concat
  %c = onnx.Concat %x, %h {axis = 1 : i64} : (tensor<1x2xf32>, tensor<1x1xf32>) -> tensor<1x3xf32>
  %n = onnx.Gemm %c, %w {node = "cell"} : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x1xf32>
  func.return %n : tensor<1x1xf32>
}

// CHECK-LABEL: func.func @read_twice
func.func @read_twice(%x: tensor<4x1x2xf32>, %h0: tensor<1x3xf32>) -> tensor<1x3xf32> {
  %w = onnx.Constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32> -> tensor<1x3xf32>
  %y = onnx.Scan 4 states(%h0 : tensor<1x3xf32>) ins(%x : tensor<4x1x2xf32>)
      along <0> reversed <0> stacks along <> reversed <> do {
  ^bb0(%h: tensor<1x3xf32>, %xt: tensor<1x2xf32>):
    %m = onnx.Gemm %h, %w : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x1xf32>
    // CHECK: onnx.Concat
    %c = onnx.Concat %xt, %m {axis = 1 : i64} : (tensor<1x2xf32>, tensor<1x1xf32>) -> tensor<1x3xf32>
    %n = onnx.Gemm %c, %w {node = "cell"} : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x1xf32>
    %s = onnx.Add %c, %n : (tensor<1x3xf32>, tensor<1x1xf32>) -> tensor<1x3xf32>
    onnx.Next states(%s : tensor<1x3xf32>)
  } -> tensor<1x3xf32>
  func.return %y : tensor<1x3xf32>
}
