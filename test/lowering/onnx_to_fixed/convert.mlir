// RUN: tinyml-opt -p convert-onnx-to-fixed --split-input-file %s | filecheck %s

// Weights in units of their channel's scale, the bias in units of the accumulator: 2^-4 * 2^-2 and 2^-4 * 0.75. The
// factors to the output's scale are 0.15625 and 0.46875: 671088640 / 2^32.
// CHECK-LABEL:  func.func @gemm
func.func @gemm(%x: tensor<1x3xf32>) -> tensor<1x2xf32> attributes {fixed.input_types = [!fixed.q<i8, 2^-4 : 3>]} {
  // CHECK-SAME: fixed.inputs = [#fixed.port<"input0", tensor<1x3x!fixed.q<i8, 2^-4 : 3>>, permutation <0, 1>>]
  // CHECK-NEXT: %[[M:.*]] = fixed.constant dense<[671088640, 2013265920]> : tensor<2xi32>
  // CHECK-NEXT: %[[B:.*]] = fixed.constant dense<[64, -48]> : tensor<2xi32> {node = "fc_bias"}
  // CHECK-NEXT: %[[W:.*]] = fixed.constant dense<{{\[\[}}2, -4, 1], [1, 0, 4]]> : tensor<2x3xi8> {node = "fc_weights"}
  // CHECK-NEXT: fixed.contract ins(%{{.*}}, %[[W]] {{.*}} params(%[[B]], %[[M]] {{.*}} domain <1, 2 | 3>
  // CHECK-SAME:   zero_points <3, 0> acc i32 node "fc"
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: i32, %[[BIAS:.*]]: i32, %[[MUL:.*]]: i32):
  // CHECK-NEXT:   %[[SUM:.*]] = arith.addi %[[ACC]], %[[BIAS]] : i32
  // CHECK-NEXT:   %[[Y:.*]] = fixed.rescale %[[SUM]] by %[[MUL]] shift 32 half_up in i64 : i32, i32 -> i32
  // CHECK-NEXT:   %[[ZERO:.*]] = arith.constant -5 : i32
  // CHECK-NEXT:   %[[OUT:.*]] = arith.addi %[[Y]], %[[ZERO]] : i32
  // CHECK-NEXT:   fixed.saturate %[[OUT]] to [-128, 127] : i32 -> i8
  %w = onnx.Constant dense<[[0.5, -1.0, 0.25], [0.75, 0.0, 3.0]]> : tensor<2x3xf32>
    {fixed.type = !fixed.q<i8, axis 0 {2^-2, 0.75}>} -> tensor<2x3xf32>
  %b = onnx.Constant dense<[1.0, -2.25]> : tensor<2xf32> -> tensor<2xf32>
  %y = onnx.Gemm %x, %w bias %b {node = "fc", fixed.type = !fixed.q<i8, 0.1 : -5>}
    : (tensor<1x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// -----

// A depthwise convolution between transposes to NHWC and back. Padding is in the access map; the factor 2^-7 is a shift.
// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x2x4xf32> attributes {fixed.input_types = [!fixed.q<i8, 2^-4>]} {
  // CHECK: %[[NHWC:.*]] = fixed.map {{.*}} -> (d0, d3, d1, d2)>{{.*}} node "dw_nhwc"
  // CHECK: %[[W:.*]] = fixed.constant dense<64> : tensor<3x3x2xi8>
  // CHECK: fixed.contract ins(%[[NHWC]], %[[W]] {{.*}} domain <1, 2, 4, 2 | 3, 3>
  // CHECK-SAME: -> (d0, (((d1 * 2) + d4) + -1), ((d2 + d5) + -1), d3)>
  // CHECK-SAME: -> (d4, d5, d3)>
  // CHECK: fixed.rescale %{{.*}} shift 7 half_up in i32 : i32 -> i32
  // CHECK: fixed.map {{.*}} -> (d0, d2, d3, d1)>{{.*}} node "dw_nchw"
  %w = onnx.Constant dense<1.0> : tensor<2x1x3x3xf32> {fixed.type = !fixed.q<i8, 2^-6>} -> tensor<2x1x3x3xf32>
  %y = onnx.Conv %x, %w {node = "dw", group = 2 : i64, strides = array<i64: 2, 1>, pads = array<i64: 1, 1, 0, 1>,
    dilations = array<i64: 1, 1>, fixed.type = !fixed.q<i8, 2^-3>}
    : (tensor<1x2x4x4xf32>, tensor<2x1x3x3xf32>) -> tensor<1x2x2x4xf32>
  func.return %y : tensor<1x2x2x4xf32>
}

// -----

// Two windows hold four elements and two, at the lower edge, only two: a factor per position.
// CHECK-LABEL: func.func @average
func.func @average(%x: tensor<1x1x3x4xf32>) -> tensor<1x1x2x2xf32>
    attributes {fixed.input_types = [!fixed.q<i8, 2^-4 : 1>]} {
  // CHECK: %[[M:.*]] = fixed.constant dense<{{\[\[}}536870912, 536870912], [1073741824, 1073741824]]> : tensor<2x2xi32>
  // CHECK: fixed.reduce sum {{.*}} params(%[[M]] : tensor<2x2xi32>) domain <1, 2, 2, 1 | 2, 2>
  // CHECK-SAME: -> (d1, d2)>{{.*}} zero_point <1> acc i32 node "pool"
  // CHECK: fixed.rescale {{.*}} shift 31 half_up in i64
  %y = onnx.AveragePool %x {node = "pool", kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
    pads = array<i64: 0, 0, 1, 0>, dilations = array<i64: 1, 1>, count_include_pad = 0 : i64,
    fixed.type = !fixed.q<i8, 2^-4 : 1>} : (tensor<1x1x3x4xf32>) -> tensor<1x1x2x2xf32>
  func.return %y : tensor<1x1x2x2xf32>
}

// -----

// One shift for both addends, whose factors are 1/2 and 1/4; the constant broadcasts. A clamp stays in its type.
// CHECK-LABEL: func.func @add
func.func @add(%x: tensor<1x2xf32>) -> tensor<1x2xf32> attributes {fixed.input_types = [!fixed.q<i8, 2^-4>]} {
  // CHECK: fixed.constant dense<[32, -64]> : tensor<2xi8> as tensor<2x!fixed.q<i8, 2^-5>>
  // CHECK: fixed.map {{.*}} maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d1)>
  // CHECK: arith.constant 2097152 : i32
  // CHECK: arith.constant 1048576 : i32
  // CHECK: fixed.rescale {{.*}} shift 22 half_up in i32
  // CHECK: fixed.map {{.*}} node "clip"
  // CHECK-NEXT: ^bb0(%[[E:.*]]: i8):
  // CHECK-NEXT: fixed.saturate %[[E]] to [7, 55] : i8 -> i8
  %c = onnx.Constant dense<[1.0, -2.0]> : tensor<2xf32> {fixed.type = !fixed.q<i8, 2^-5>} -> tensor<2xf32>
  %s = onnx.Add %x, %c {node = "sum", fixed.type = !fixed.q<i8, 2^-3 : 7>}
    : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %y = onnx.Clip %s {node = "clip", low = 0.0 : f64, high = 6.0 : f64, fixed.type = !fixed.q<i8, 2^-3 : 7>}
    : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// -----

// A table of 256 values; exp(x - max) by table, its sum, a division; indices are integers of the model.
// CHECK-LABEL: func.func @tables
// CHECK-SAME:  -> tensor<1x!fixed.q<i64, 2^0>>
// CHECK-SAME: fixed.outputs = [#fixed.port<"output0", tensor<1x!fixed.q<i64, 2^0>>, permutation <0>, integer>]
func.func @tables(%x: tensor<1x2xf32>) -> tensor<1xi64> attributes {fixed.input_types = [!fixed.q<i8, 2^-5>]} {
  // CHECK: %[[T:.*]] = fixed.constant {{.*}} : tensor<256xi8> {node = "tanh_table"}
  // CHECK: fixed.map {{.*}} tables(%[[T]] : tensor<256xi8>)
  // CHECK: arith.constant 128 : i32
  // CHECK: fixed.lookup
  // CHECK: fixed.reduce max {{.*}} node "soft_max"
  // CHECK: fixed.constant {{.*}} : tensor<256xi16> {node = "soft_exp_fine"}
  // CHECK: fixed.reduce sum {{.*}} acc i32 node "soft_sum"
  // CHECK: arith.divsi
  // CHECK: fixed.reduce argmax {{.*}} node "class"
  // CHECK: fixed.extend {{.*}} : i32 -> i64
  // CHECK: fixed.reshape {{.*}} : tensor<1x1x!fixed.q<i64, 2^0>> -> tensor<1x!fixed.q<i64, 2^0>>
  %t = onnx.Tanh %x {node = "tanh", fixed.type = !fixed.q<i8, 2^-7>} : tensor<1x2xf32> -> tensor<1x2xf32>
  %s = onnx.Softmax %t {node = "soft", axis = 1 : i64, fixed.type = !fixed.q<i8, 2^-8 : -128>}
    : tensor<1x2xf32> -> tensor<1x2xf32>
  %y = onnx.ArgMax %s {node = "class", axis = 1 : i64, fixed.type = !fixed.q<i64, 2^0>}
    : tensor<1x2xf32> -> tensor<1x1xi64>
  %z = onnx.Reshape %y {node = "flat", fixed.type = !fixed.q<i64, 2^0>} : tensor<1x1xi64> -> tensor<1xi64>
  func.return %z : tensor<1xi64>
}

// -----

// What QuantizeLinear and DequantizeLinear state is in the types: nothing is left of them here.
// CHECK-LABEL: func.func @quantized
func.func @quantized(%x: tensor<1x2xf32>) -> tensor<1x2xi8> attributes {fixed.input_types = [!fixed.q<i8, 2^-4>]} {
  // CHECK-NEXT: func.return %{{.*}} : tensor<1x2x!fixed.q<i8, 2^-4>>
  %q = onnx.QuantizeLinear %x {scale = dense<0.0625> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 1 : i64,
    fixed.type = !fixed.q<i8, 2^-4>} : tensor<1x2xf32> -> tensor<1x2xi8>
  func.return %q : tensor<1x2xi8>
}

// -----

// Segments of a 16-bit function with the error that was found over all inputs; lines by a multiplier that x chooses.
// CHECK-LABEL: func.func @functions
func.func @functions(%x: tensor<1x2xf32>) -> tensor<1x2xf32> attributes {fixed.input_types = [!fixed.q<i16, 2^-13>]} {
  // CHECK: fixed.constant {{.*}} : tensor<{{[0-9]+}}xi32> {node = "tanh_a0"}
  // CHECK: fixed.constant {{.*}} : tensor<{{[0-9]+}}xi16> {node = "tanh_a1"}
  // CHECK: fixed.constant {{.*}} : tensor<{{[0-9]+}}xi16> {node = "tanh_a2"}
  // CHECK: fixed.map {{.*}} node "tanh" attributes {fixed.max_error = {{(0\.[5-9]|[5-9])[0-9.e-]*}} : f64}
  %t = onnx.Tanh %x {node = "tanh", fixed.type = !fixed.q<i16, 2^-14>} : tensor<1x2xf32> -> tensor<1x2xf32>
  // CHECK: fixed.map {{.*}} node "leaky" attributes {fixed.max_error = 5.000000e-01 : f64}
  // CHECK: arith.cmpi sge, {{.*}}, {{.*}} : i64
  // CHECK-NEXT: arith.select
  // CHECK: fixed.rescale
  %y = onnx.LeakyRelu %t {node = "leaky", alpha = 0.5 : f64, fixed.type = !fixed.q<i16, 2^-14>} : tensor<1x2xf32> -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}

// -----

// The model quantizes the sum in twice the addends' scale: every second odd sum is a tie, which goes to even as in ONNX,
// through the Relu. Of scales in another ratio ties are chance, and nobody quantizes the last sum: both round up.
// CHECK-LABEL: func.func @ties
func.func @ties(%x: tensor<1x2xf32>) -> (tensor<1x2xi8>, tensor<1x2xi8>, tensor<1x2xf32>) attributes {fixed.input_types = [!fixed.q<i8, 2^-4>]} {
  // CHECK: fixed.rescale {{.*}} half_even in i32
  // CHECK: fixed.rescale {{.*}} half_up in i32
  // CHECK: fixed.rescale {{.*}} half_up in i32
  %0 = onnx.Add %x, %x {node = "a", fixed.type = !fixed.q<i8, 2^-3>} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %1 = onnx.Relu %0 {node = "r", fixed.type = !fixed.q<i8, 2^-3>} : tensor<1x2xf32> -> tensor<1x2xf32>
  %2 = onnx.QuantizeLinear %1 {node = "q", scale = dense<0.125> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 1 : i64, fixed.type = !fixed.q<i8, 2^-3>}
    : tensor<1x2xf32> -> tensor<1x2xi8>
  %3 = onnx.Add %x, %x {node = "b", fixed.type = !fixed.q<i8, 0.11>} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  %4 = onnx.QuantizeLinear %3 {node = "p", scale = dense<0.11> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 1 : i64, fixed.type = !fixed.q<i8, 0.11>}
    : tensor<1x2xf32> -> tensor<1x2xi8>
  %5 = onnx.Add %x, %x {node = "c", fixed.type = !fixed.q<i8, 2^-3>} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>
  func.return %2, %4, %5 : tensor<1x2xi8>, tensor<1x2xi8>, tensor<1x2xf32>
}
