// RUN: tinyml-opt -p 'convert-onnx-to-fixed{arithmetic=tflite}' --split-input-file %s | filecheck %s

// One factor, 0.25 = 2^30 2^(-1 - 31): the value times 4, the high word of its product, 2^1 + 1 less 2 below zero, and a
// shift by 2. The zero point, -5 2^2, is in the addend.
// CHECK-LABEL: func.func @convolution
func.func @convolution(%x: tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  attributes {fixed.input_types = [!fixed.q<i8, 0.5>]} {
  // CHECK: %[[M:.*]] = arith.constant 1073741824 : i32
  // CHECK: %[[UP:.*]] = arith.constant 2 : i32
  // CHECK: %[[X:.*]] = arith.shli %{{.*}}, %[[UP]] : i32
  // CHECK: %[[ADDEND:.*]] = arith.constant -17 : i32
  // CHECK: %[[SIGN:.*]] = arith.shrsi %[[X]], %{{.*}} : i32
  // CHECK: arith.andi %[[SIGN]], %{{.*}} : i32
  // CHECK: fixed.rescale %[[X]] by %[[M]] shift 32 floor in i64 : i32, i32 -> i32
  // CHECK: fixed.saturate %{{.*}} to [-128, 127] : i32 -> i8
  %w = onnx.Constant dense<3.0> : tensor<1x1x1x1xf32> {fixed.type = !fixed.q<i8, 1.0>} -> tensor<1x1x1x1xf32>
  %y = onnx.Conv %x, %w {node = "conv", group = 1 : i64, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>,
    dilations = array<i64: 1, 1>, fixed.type = !fixed.q<i8, 2.0 : -5>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  func.return %y : tensor<1x1x1x1xf32>
}

// -----

// A product of matrices rounds once: 0.375 = 1610612736 2^(-1 - 31).
// CHECK-LABEL: func.func @product
func.func @product(%x: tensor<1x1xf32>) -> tensor<1x1xf32> attributes {fixed.input_types = [!fixed.q<i8, 0.75>]} {
  // CHECK: %[[M:.*]] = arith.constant 1610612736 : i32
  // CHECK: fixed.rescale %{{.*}} by %[[M]] shift 32 half_up in i64 : i32, i32 -> i32
  %w = onnx.Constant dense<[[3.0]]> : tensor<1x1xf32> {fixed.type = !fixed.q<i8, 1.0>} -> tensor<1x1xf32>
  %y = onnx.Gemm %x, %w {node = "fc", fixed.type = !fixed.q<i8, 2.0>}
    : (tensor<1x1xf32>, tensor<1x1xf32>) -> tensor<1x1xf32>
  func.return %y : tensor<1x1xf32>
}

// -----

// The addend of the greater scale is half of 2^20 of its integer; the other's factor, 0.25, is rounded twice.
// CHECK-LABEL: func.func @sum
func.func @sum(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32>
  attributes {fixed.input_types = [!fixed.q<i8, 1.0>, !fixed.q<i8, 0.5>]} {
  // CHECK: arith.constant 524288 : i32
  // CHECK: arith.constant 1048576 : i32
  // CHECK: fixed.rescale {{.*}} shift 32 floor in i64
  // CHECK: fixed.rescale {{.*}} shift 32 floor in i64
  // CHECK-NOT: half_up
  %z = onnx.Add %x, %y {node = "add", fixed.type = !fixed.q<i8, 1.5>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %z : tensor<4xf32>
}
