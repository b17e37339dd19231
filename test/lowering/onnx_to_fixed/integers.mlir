// RUN: tinyml-opt -p convert-onnx-to-fixed --split-input-file %s | filecheck %s

// 32-bit integers wrap: the sum of two is exact in 64 bits, of which 32 are kept.
// CHECK-LABEL: func.func @wrapping
func.func @wrapping(%x: tensor<4xi32>, %y: tensor<4xi32>) -> tensor<4xi32>
  attributes {fixed.input_types = [!fixed.q<i32, 2^0>, !fixed.q<i32, 2^0>]} {
  // CHECK: arith.addi %{{.*}}, %{{.*}} : i64
  // CHECK: arith.andi
  // CHECK: arith.trunci %{{.*}} : i64 to i32
  %z = onnx.IntegerBinary %x, %y {node = "sum", function = "add", fixed.type = !fixed.q<i32, 2^0>}
    : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  func.return %z : tensor<4xi32>
}

// -----

// What cannot leave the type does not wrap.
// CHECK-LABEL: func.func @bounded
func.func @bounded(%x: tensor<4xi8>) -> tensor<4xi32> attributes {fixed.input_types = [!fixed.q<i8, 2^0>]} {
  // CHECK: fixed.map {{.*}} node "wide"
  // CHECK: arith.muli %{{.*}}, %{{.*}} : i32
  // CHECK-NEXT: fixed.yield
  // CHECK-NOT: arith.andi
  %w = onnx.Cast %x {node = "wide", fixed.type = !fixed.q<i32, 2^0>} : tensor<4xi8> -> tensor<4xi32>
  %z = onnx.IntegerBinary %w, %w {node = "square", function = "mul", fixed.type = !fixed.q<i32, 2^0>}
    : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  func.return %z : tensor<4xi32>
}

// -----

// Reals of different scales are compared as multiples of 2^-6: a * 3 / 64 < b / 16 where 3 a < 4 b.
// CHECK-LABEL: func.func @less
// CHECK-SAME: permutation <0>, bool>]
func.func @less(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1>
  attributes {fixed.input_types = [!fixed.q<i8, 0.046875>, !fixed.q<i8, 2^-4>]} {
  // CHECK-DAG: arith.constant 3 : i32
  // CHECK-DAG: arith.constant 4 : i32
  // CHECK: arith.cmpi slt
  // CHECK: arith.select
  // CHECK-NEXT: fixed.saturate {{.*}} to [0, 255] : i32 -> ui8
  %z = onnx.Compare %x, %y {node = "less", function = "less", fixed.type = !fixed.q<ui8, 2^0>}
    : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  func.return %z : tensor<4xi1>
}

// -----

// The whole part of a real whose scale is 2^-3.
// CHECK-LABEL: func.func @whole
// CHECK-SAME: permutation <0>, integer>]
func.func @whole(%x: tensor<4xf32>) -> tensor<4xi64> attributes {fixed.input_types = [!fixed.q<i8, 2^-3>]} {
  // CHECK: fixed.rescale {{.*}} shift 3 truncate in i32 : i32 -> i32
  // CHECK-NEXT: fixed.extend {{.*}} : i32 -> i64
  %z = onnx.Cast %x {node = "whole", fixed.type = !fixed.q<i64, 2^0>} : tensor<4xf32> -> tensor<4xi64>
  func.return %z : tensor<4xi64>
}

// -----

// An integer of 16 bits is a real of scale 1: nothing is computed.
// CHECK-LABEL: func.func @real
func.func @real(%x: tensor<4xi16>) -> tensor<4xf32> attributes {fixed.input_types = [!fixed.q<i16, 2^0>]} {
  // CHECK-NOT: fixed.map
  // CHECK: func.return %{{.*}} : tensor<4x!fixed.q<i16, 2^0>>
  %z = onnx.Cast %x {node = "real", fixed.type = !fixed.q<i16, 2^0>} : tensor<4xi16> -> tensor<4xf32>
  func.return %z : tensor<4xf32>
}
