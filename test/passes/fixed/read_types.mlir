// RUN: tinyml-opt -p 'fixed-read-types{file=%S/Inputs/types.toml}' %s | filecheck %s
// RUN: tinyml-opt -p 'fixed-read-types{file=%S/Inputs/types.toml},fixed-assign-types' %s | filecheck %s --check-prefix=TYPES
// RUN: not tinyml-opt -p 'fixed-read-types{file=%S/Inputs/types_wrong.toml}' %s 2>&1 | filecheck %s --check-prefix=WRONG

// CHECK-LABEL: func.func @f
// CHECK-SAME:    {onnx.name = "x", fixed.bits = 16 : i64}
// TYPES-LABEL: func.func @f
// TYPES-SAME:    fixed.input_types = [!fixed.q<i16,
func.func @f(%x: tensor<1x2xf32> {onnx.name = "x"}) -> tensor<1x2xf32>
    attributes {fixed.input_ranges = [[-4.0 : f64, 3.96875 : f64]]} {
  // 63.5 in 4 bits is 7 steps of one scale.
  // CHECK: onnx.Constant {{.*}}fixed.bits = 4 : i64, fixed.per = "tensor"
  // TYPES: onnx.Constant {{.*}}fixed.type = !fixed.q<i4, 9.0714
  %w = onnx.Constant dense<[[15.875, 1.0], [63.5, -2.0]]> : tensor<2x2xf32> {node = "w"} -> tensor<2x2xf32>
  // What is below 0 is nothing to the Relu.
  // CHECK: onnx.Gemm {{.*}}fixed.scale = 2.500000e-01 : f64
  // TYPES: onnx.Gemm {{.*}}fixed.type = !fixed.q<i8, 2^-2 : -128>
  %0 = onnx.Gemm %x, %w {fixed.range = [-9.0 : f64, 4.0 : f64], node = "gemm"}
    : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  // Half of the range gets steps, and the Gemm keeps what is set for it.
  // CHECK: onnx.Relu {{.*}}fixed.bits = 16 : i64, fixed.clip = 5.000000e-01 : f64
  // TYPES: onnx.Relu {{.*}}fixed.type = !fixed.q<ui16, 3.8147
  %1 = onnx.Relu %0 {fixed.range = [0.0 : f64, 4.0 : f64], node = "relu"} : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %1 : tensor<1x2xf32>
}

// All that is wrong with a file is one message.
// WRONG:      types_wrong.toml: [values] 'gem': the model has no such value; did you mean 'gemm'?
// WRONG-NEXT: types_wrong.toml: [values] 'relu': bits = 17: expected a width of 4 to 16 bits
// WRONG-NEXT: types_wrong.toml: [values] 'relu': clp = 1: there are bits, clip, range, scale, scheme, per
// WRONG-NEXT: types_wrong.toml: [values] 'w': the model has no such value; it belongs into [weights]
// WRONG-NEXT: types_wrong.toml: 'extra' is no table of it: there are [inputs], [values], [weights]
