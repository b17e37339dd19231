// RUN: tinyml-opt -p onnx-fuse-distances %s | filecheck %s

// CHECK-LABEL: func.func @product
func.func @product(%x: tensor<1x10xf32>, %w: tensor<40x10xf32>) -> tensor<40xf32> {
  // CHECK-NEXT: %[[y:.*]] = onnx.SquaredDistance %x, %w {axes = array<i64: 1>, factor = 1.000000e+00 : f64, node = "y"} : (tensor<1x10xf32>, tensor<40x10xf32>) -> tensor<40xf32>
  // CHECK-NEXT: func.return %[[y]]
  %d = onnx.Sub %x, %w : (tensor<1x10xf32>, tensor<40x10xf32>) -> tensor<40x10xf32>
  %s = onnx.Mul %d, %d : (tensor<40x10xf32>, tensor<40x10xf32>) -> tensor<40x10xf32>
  %y = onnx.ReduceSum %s {axes = array<i64: 1>, node = "y"} : tensor<40x10xf32> -> tensor<40xf32>
  func.return %y : tensor<40xf32>
}

// CHECK-LABEL: func.func @power_of_images
func.func @power_of_images(%x: tensor<1x4x6xf32>, %w: tensor<5x4x1xf32>) -> tensor<5x1x1xf32> {
  // CHECK: %[[y:.*]] = onnx.SquaredDistance %w, %x {axes = array<i64: 1, 2>
  // CHECK-NEXT: func.return %[[y]]
  %two = onnx.Constant dense<2.0> : tensor<1xf32> -> tensor<1xf32>
  %d = onnx.Sub %w, %x : (tensor<5x4x1xf32>, tensor<1x4x6xf32>) -> tensor<5x4x6xf32>
  %s = onnx.Pow %d, %two : (tensor<5x4x6xf32>, tensor<1xf32>) -> tensor<5x4x6xf32>
  %y = onnx.ReduceSum %s {axes = array<i64: 1, 2>} : tensor<5x4x6xf32> -> tensor<5x1x1xf32>
  func.return %y : tensor<5x1x1xf32>
}

// CHECK-LABEL: func.func @sum_of_squares
func.func @sum_of_squares(%x: tensor<1x10xf32>, %w: tensor<40x10xf32>) -> tensor<40xf32> {
  // CHECK-NEXT: onnx.SquaredDistance
  %d = onnx.Sub %x, %w : (tensor<1x10xf32>, tensor<40x10xf32>) -> tensor<40x10xf32>
  %y = onnx.ReduceSumSquare %d {axes = array<i64: 1>} : tensor<40x10xf32> -> tensor<40xf32>
  func.return %y : tensor<40xf32>
}

// A kernel's width becomes the distance's factor.
// CHECK-LABEL: func.func @kernel
func.func @kernel(%x: tensor<1x10xf32>, %w: tensor<40x10xf32>) -> tensor<40xf32> {
  // CHECK: %[[y:.*]] = onnx.SquaredDistance %x, %w {axes = array<i64: 1>, factor = -5.000000e-01 : f64, node = "z"}
  // CHECK-NEXT: func.return %[[y]]
  %c = onnx.Constant dense<-0.5> : tensor<1xf32> -> tensor<1xf32>
  %d = onnx.Sub %x, %w : (tensor<1x10xf32>, tensor<40x10xf32>) -> tensor<40x10xf32>
  %y = onnx.ReduceSumSquare %d {axes = array<i64: 1>} : tensor<40x10xf32> -> tensor<40xf32>
  %z = onnx.Mul %y, %c {node = "z"} : (tensor<40xf32>, tensor<1xf32>) -> tensor<40xf32>
  func.return %z : tensor<40xf32>
}

// Nothing is stretched: there are as many differences as numbers.
// CHECK-LABEL: func.func @of_one_shape
func.func @of_one_shape(%x: tensor<40x10xf32>, %w: tensor<40x10xf32>) -> tensor<40xf32> {
  // CHECK-NOT: SquaredDistance
  %d = onnx.Sub %x, %w : (tensor<40x10xf32>, tensor<40x10xf32>) -> tensor<40x10xf32>
  %y = onnx.ReduceSumSquare %d {axes = array<i64: 1>} : tensor<40x10xf32> -> tensor<40xf32>
  func.return %y : tensor<40xf32>
}

// The differences are an output as well, or are multiplied with other numbers.
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<1x10xf32>, %w: tensor<40x10xf32>) -> (tensor<40xf32>, tensor<40x10xf32>, tensor<40xf32>) {
  // CHECK-NOT: SquaredDistance
  %d = onnx.Sub %x, %w : (tensor<1x10xf32>, tensor<40x10xf32>) -> tensor<40x10xf32>
  %y = onnx.ReduceSumSquare %d {axes = array<i64: 1>} : tensor<40x10xf32> -> tensor<40xf32>
  %e = onnx.Sub %x, %w : (tensor<1x10xf32>, tensor<40x10xf32>) -> tensor<40x10xf32>
  %s = onnx.Mul %e, %w : (tensor<40x10xf32>, tensor<40x10xf32>) -> tensor<40x10xf32>
  %z = onnx.ReduceSum %s {axes = array<i64: 1>} : tensor<40x10xf32> -> tensor<40xf32>
  func.return %y, %d, %z : tensor<40xf32>, tensor<40x10xf32>, tensor<40xf32>
}
