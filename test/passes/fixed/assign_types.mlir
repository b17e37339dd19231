// RUN: tinyml-opt -p fixed-assign-types %s | filecheck %s
// RUN: tinyml-opt -p 'fixed-assign-types{scheme=pow2}' %s | filecheck %s --check-prefix=POW2
// RUN: tinyml-opt -p 'fixed-assign-types{bits=16}' %s | filecheck %s --check-prefix=WIDE

// The Gemm takes the type of the Relu, which commutes with quantization; weights are symmetric, per channel.
// CHECK-LABEL: func.func @calibrated
// CHECK-SAME:    fixed.input_types = [!fixed.q<i8, 2^-5>]
// POW2-LABEL:  func.func @calibrated
// POW2-SAME:     fixed.input_types = [!fixed.q<i8, 2^-4>]
// WIDE-LABEL:  func.func @calibrated
func.func @calibrated(%x: tensor<1x2xf32>) -> tensor<1x2xf32>
    attributes {fixed.input_ranges = [[-4.0 : f64, 3.96875 : f64]]} {
  // CHECK: onnx.Constant {{.*}}fixed.type = !fixed.q<i8, axis 0 {2^-3, 2^-1}>
  // POW2:  onnx.Constant {{.*}}fixed.type = !fixed.q<i8, 2^-1>
  %w = onnx.Constant dense<[[15.875, 1.0], [63.5, -2.0]]> : tensor<2x2xf32> -> tensor<2x2xf32>
  // CHECK: onnx.Gemm {{.*}}fixed.type = !fixed.q<i8, 2^-6 : -128>
  // POW2:  onnx.Gemm {{.*}}fixed.type = !fixed.q<i8, 2^-5>
  // WIDE:  onnx.Gemm {{.*}}fixed.type = !fixed.q<ui16,
  %0 = onnx.Gemm %x, %w {fixed.range = [-9.0 : f64, 3.984375 : f64]}
    : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  // CHECK: onnx.Relu {{.*}}fixed.type = !fixed.q<i8, 2^-6 : -128>
  %1 = onnx.Relu %0 {fixed.range = [0.0 : f64, 3.984375 : f64]} : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %1 : tensor<1x2xf32>
}

// A quantized model needs no ranges: its own scales move through what only rearranges.
// RUN: tinyml-opt -p fixed-assign-types %S/Inputs/quantized.mlir | filecheck %S/Inputs/quantized.mlir
// RUN: tinyml-opt -p fixed-assign-types %S/Inputs/joined.mlir | filecheck %S/Inputs/joined.mlir
// RUN: tinyml-opt -p fixed-assign-types %S/Inputs/read_twice.mlir | filecheck %S/Inputs/read_twice.mlir
// RUN: tinyml-opt -p fixed-assign-types %S/Inputs/repeated.mlir | filecheck %S/Inputs/repeated.mlir
// RUN: tinyml-opt -p 'fixed-assign-types{spare-flash=true}' %S/Inputs/spared.mlir | filecheck %S/Inputs/spared.mlir
// RUN: tinyml-opt -p 'fixed-assign-types{spare-flash=true}' %S/Inputs/one_table.mlir | filecheck %S/Inputs/one_table.mlir
// RUN: tinyml-opt -p fixed-assign-types %S/Inputs/saturating.mlir | filecheck %S/Inputs/saturating.mlir
// RUN: tinyml-opt -p 'fixed-assign-types{bits=16}' %S/Inputs/saturating.mlir | filecheck %S/Inputs/saturating.mlir --check-prefix=WIDE
// RUN: not tinyml-opt -p fixed-assign-types %S/Inputs/set_in_vain.mlir 2>&1 | filecheck %S/Inputs/set_in_vain.mlir
// RUN: tinyml-opt -p fixed-assign-types %S/Inputs/summand.mlir | filecheck %S/Inputs/summand.mlir
// RUN: tinyml-opt -p 'fixed-assign-types{bits=16}' %S/Inputs/summand.mlir | filecheck %S/Inputs/summand.mlir --check-prefix=WIDE
// RUN: tinyml-opt --split-input-file -p fixed-assign-types %S/Inputs/features.mlir | filecheck %S/Inputs/features.mlir
