// RUN: tinyml-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: x and w need the same rank of at least 3, got [1, 4] and [4, 4]
%x, %w = "test.op"() : () -> (tensor<1x4xf32>, tensor<4x4xf32>)
%y = onnx.Conv %x, %w {group = 1 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>}
  : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>

// -----

// CHECK: 4 input and 6 output channels do not fit weights [6, 4, 3] in 2 groups
%x, %w = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x4x3xf32>)
%y = onnx.Conv %x, %w {group = 2 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>}
  : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>

// -----

// CHECK: 4 input and 6 output channels do not fit weights [6, 4, 3] in 0 groups
%x, %w = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x4x3xf32>)
%y = onnx.Conv %x, %w {group = 0 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>}
  : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>

// -----

// CHECK: kernel, strides and dilations must be positive
%x, %w = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x4x3xf32>)
%y = onnx.Conv %x, %w {group = 1 : i64, strides = array<i64: 0>, pads = array<i64: 0, 0>, dilations = array<i64: 1>}
  : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>

// -----

// CHECK: the bias needs shape [6], got [1]
%x, %w, %b = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x4x3xf32>, tensor<1xf32>)
%y = onnx.Conv %x, %w bias %b {group = 1 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>,
  dilations = array<i64: 1>} : (tensor<1x4x8xf32>, tensor<6x4x3xf32>, tensor<1xf32>) -> tensor<1x6x6xf32>

// -----

// CHECK: the result has shape [1, 6, 8], expected [1, 6, 6]
%x, %w = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x4x3xf32>)
%y = onnx.Conv %x, %w {group = 1 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>}
  : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x8xf32>

// -----

// CHECK: kernel, strides and dilations take 1 numbers and pads 2
%x, %w = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x4x3xf32>)
%y = onnx.Conv %x, %w {group = 1 : i64, strides = array<i64: 1, 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>}
  : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x6xf32>

// -----

// CHECK: the bias needs shape [4], got [3]
%x, %w, %b = "test.op"() : () -> (tensor<1x8xf32>, tensor<4x8xf32>, tensor<3xf32>)
%y = onnx.Gemm %x, %w bias %b : (tensor<1x8xf32>, tensor<4x8xf32>, tensor<3xf32>) -> tensor<1x4xf32>

// -----

// CHECK: expected x [M, K] and w [N, K], got [1, 8] and [8, 4]
%x, %w = "test.op"() : () -> (tensor<1x8xf32>, tensor<8x4xf32>)
%y = onnx.Gemm %x, %w : (tensor<1x8xf32>, tensor<8x4xf32>) -> tensor<1x4xf32>

// -----

// CHECK: expected x [.., M, K] and w [.., K, N], got [1, 8] and [4, 8]
%x, %w = "test.op"() : () -> (tensor<1x8xf32>, tensor<4x8xf32>)
%y = onnx.MatMul %x, %w : (tensor<1x8xf32>, tensor<4x8xf32>) -> tensor<1x4xf32>

// -----

// CHECK: expected parameters of shape [4], got [1]
%x, %p, %q = "test.op"() : () -> (tensor<1x4x2xf32>, tensor<4xf32>, tensor<1xf32>)
%y = onnx.BatchNormalization %x, %p, %p, %q, %p {epsilon = 1.0e-05 : f64}
  : (tensor<1x4x2xf32>, tensor<4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<4xf32>) -> tensor<1x4x2xf32>

// -----

// CHECK: expected x [N, C, spatial...], got [1, 4]
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.MaxPool %x {kernel_shape = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>,
  dilations = array<i64: 1>} : (tensor<1x4xf32>) -> tensor<1x2xf32>

// -----

// CHECK: the result has shape [1, 4, 1], expected [1, 4, 2]
%x = "test.op"() : () -> tensor<1x4x5xf32>
%y = onnx.AveragePool %x {kernel_shape = array<i64: 2>, strides = array<i64: 2>, pads = array<i64: 0, 0>,
  dilations = array<i64: 1>, count_include_pad = 0 : i64} : (tensor<1x4x5xf32>) -> tensor<1x4x1xf32>

// -----

// CHECK: the result has shape [1, 4], expected [1, 4, 1, 1]
%x = "test.op"() : () -> tensor<1x4x5x5xf32>
%y = onnx.GlobalAveragePool %x : (tensor<1x4x5x5xf32>) -> tensor<1x4xf32>

// -----

// CHECK: shapes [1, 4] and [3] do not broadcast
%a, %b = "test.op"() : () -> (tensor<1x4xf32>, tensor<3xf32>)
%y = onnx.Add %a, %b : (tensor<1x4xf32>, tensor<3xf32>) -> tensor<1x4xf32>

// -----

// CHECK: the result has shape [4], expected [1, 4]
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Relu %x : tensor<1x4xf32> -> tensor<4xf32>

// -----

// CHECK: the bounds [6.0, 0.0] are not ordered
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Clip %x {low = 6.0 : f64, high = 0.0 : f64} : tensor<1x4xf32> -> tensor<1x4xf32>

// -----

// CHECK: axis 2 of a tensor with 2 dimensions
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Softmax %x {axis = 2 : i64} : tensor<1x4xf32> -> tensor<1x4xf32>

// -----

// CHECK: the mask holds f32, expected i1
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.MaskedSoftmax %x, %x {axis = 1 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>

// -----

// CHECK: a mask of shape [2, 4] does not stretch to the operand
%x, %m = "test.op"() : () -> (tensor<1x4xf32>, tensor<2x4xi1>)
%y = onnx.MaskedSoftmax %x, %m {axis = 1 : i64} : (tensor<1x4xf32>, tensor<2x4xi1>) -> tensor<1x4xf32>

// -----

// CHECK: the result has shape [4], expected [1, 1] or [1]
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.ArgMax %x {axis = 1 : i64} : tensor<1x4xf32> -> tensor<4xi64>

// -----

// CHECK: expected f32 on one side and integers on the other, got tensor<4xf32>, tensor<4xf32>
%x = "test.op"() : () -> tensor<4xf32>
%y = onnx.QuantizeLinear %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i8>, axis = 0 : i64}
  : tensor<4xf32> -> tensor<4xf32>

// -----

// CHECK: 3 scales and 3 zero points for tensor<2x4xi8>
%x = "test.op"() : () -> tensor<2x4xi8>
%y = onnx.DequantizeLinear %x {scale = dense<0.5> : tensor<3xf32>, zero_point = dense<0> : tensor<3xi8>, axis = 1 : i64}
  : tensor<2x4xi8> -> tensor<2x4xf32>

// -----

// CHECK: axis 3 of a tensor with 2 dimensions
%x = "test.op"() : () -> tensor<2x4xi8>
%y = onnx.DequantizeLinear %x {scale = dense<[0.5, 1.0, 2.0, 4.0]> : tensor<4xf32>,
  zero_point = dense<0> : tensor<4xi8>, axis = 3 : i64}
  : tensor<2x4xi8> -> tensor<2x4xf32>

// -----

// CHECK: the value tensor<2xf32> is not the result type tensor<3xf32>
%c = onnx.Constant dense<[1.0, 2.0]> : tensor<2xf32> -> tensor<3xf32>

// -----

// CHECK: cannot turn tensor<2x3xf32> into tensor<5xf32>
%x = "test.op"() : () -> tensor<2x3xf32>
%y = onnx.Reshape %x : tensor<2x3xf32> -> tensor<5xf32>

// -----

// CHECK: cannot turn tensor<4xi8> into tensor<4xf32>
%x = "test.op"() : () -> tensor<4xi8>
%y = onnx.Identity %x : tensor<4xi8> -> tensor<4xf32>

// -----

// CHECK: [0, 0] is not a permutation of 2 dimensions
%x = "test.op"() : () -> tensor<2x3xf32>
%y = onnx.Transpose %x {perm = array<i64: 0, 0>} : tensor<2x3xf32> -> tensor<2x2xf32>

// -----

// CHECK: pads are 4 numbers of at least 0, got [0, -1, 0, 0]
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Pad %x {pads = array<i64: 0, -1, 0, 0>, value = 0.0 : f64} : tensor<1x4xf32> -> tensor<1x3xf32>

// -----

// CHECK: 0.5 is no i8
%x = "test.op"() : () -> tensor<1x4xi8>
%y = onnx.Pad %x {pads = array<i64: 0, 1, 0, 0>, value = 0.5 : f64} : tensor<1x4xi8> -> tensor<1x5xi8>

// -----

// CHECK: axes [2] are not different dimensions of [1, 4]
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.ReduceMean %x {axes = array<i64: 2>} : tensor<1x4xf32> -> tensor<1x4xf32>

// -----

// CHECK: the result has shape [4], expected [1, 1] or [1]
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.ReduceMean %x {axes = array<i64: 1>} : tensor<1x4xf32> -> tensor<4xf32>

// -----

%x, %w = "test.op"() : () -> (tensor<1x4xf32>, tensor<3x4xf32>)
// CHECK: the result has shape [4], expected [3, 1] or [3]
%y = onnx.SquaredDistance %x, %w {axes = array<i64: 1>, factor = 1.0 : f64} : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<4xf32>

// -----

// CHECK: tensor<2x4xf32> is no part of tensor<1x8xf32> along dimension 1
%x, %y = "test.op"() : () -> (tensor<1x4xf32>, tensor<2x4xf32>)
%z = onnx.Concat %x, %y {axis = 1 : i64} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x8xf32>

// -----

// CHECK: Concat takes operands and one of their dimensions, got 2
%x = "test.op"() : () -> tensor<1x4xf32>
%z = onnx.Concat %x, %x {axis = 2 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>

// -----

// CHECK: tensor<1x3xf32> at [0, 2] leaves tensor<1x4xf32>
%x = "test.op"() : () -> tensor<1x4xf32>
%z = onnx.Slice %x {starts = array<i64: 0, 2>} : tensor<1x4xf32> -> tensor<1x3xf32>

// -----

// CHECK: indices along dimension 1 must lie between 0 and 3
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Gather %x {axes = array<i64: 1>, indices = [array<i64: 0, 4>]} : tensor<1x4xf32> -> tensor<1x2xf32>

// -----

// CHECK: axes [1, 1] are no increasing dimensions of tensor<1x4xf32>
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Gather %x {axes = array<i64: 1, 1>, indices = [array<i64: 0>, array<i64: 0>]} : tensor<1x4xf32> -> tensor<1x1xf32>

// -----

// CHECK: expected indices for each of axes [1] and elements of x
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Gather %x {axes = array<i64: 1>, indices = []} : tensor<1x4xf32> -> tensor<1x4xf32>

// -----

// CHECK: 3 taps from 0 to 6 on leave dimension 1
%x, %w = "test.op"() : () -> (tensor<1x8xf32>, tensor<2x3xf32>)
%y = onnx.Resize %x, %w {axis = 1 : i64, first = array<i64: 0, 6>} : (tensor<1x8xf32>, tensor<2x3xf32>) -> tensor<1x2xf32>

// -----

// CHECK: expected a dimension of tensor<1x8xf32> and weights [1, taps]
%x, %w = "test.op"() : () -> (tensor<1x8xf32>, tensor<2x3xf32>)
%y = onnx.Resize %x, %w {axis = 1 : i64, first = array<i64: 0>} : (tensor<1x8xf32>, tensor<2x3xf32>) -> tensor<1x1xf32>

// -----

// CHECK: 4 input and 6 output channels do not fit weights [6, 4, 3] in 2 groups
%x, %w = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x4x3xf32>)
%y = onnx.ConvTranspose %x, %w {group = 2 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>,
  dilations = array<i64: 1>} : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x10xf32>

// -----

// CHECK: the result has shape [1, 6, 9], expected [1, 6, 10]
%x, %w = "test.op"() : () -> (tensor<1x4x8xf32>, tensor<6x4x3xf32>)
%y = onnx.ConvTranspose %x, %w {group = 1 : i64, strides = array<i64: 1>, pads = array<i64: 0, 0>,
  dilations = array<i64: 1>} : (tensor<1x4x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x9xf32>

// -----

// CHECK: a scale or bias of shape [3, 2, 6] does not stretch to [2, 6]
%x = "test.op"() : () -> tensor<2x6xf32>
%s = "test.op"() : () -> tensor<3x2x6xf32>
%y = onnx.RMSNormalization %x scale %s {axes = array<i64: 1>, epsilon = 0.0 : f64} : tensor<2x6xf32>, scale tensor<3x2x6xf32> -> tensor<2x6xf32>

// -----

// CHECK: alpha may not be negative, and the bias must be positive
%x = "test.op"() : () -> tensor<2x6xf32>
%y = onnx.LRN %x {size = 3 : i64, alpha = 1.0 : f64, beta = 0.75 : f64, bias = 0.0 : f64} : tensor<2x6xf32> -> tensor<2x6xf32>

// -----

// CHECK: epsilon of a sum of magnitudes is 0
%x = "test.op"() : () -> tensor<2x6xf32>
%y = onnx.LpNormalization %x {axes = array<i64: 1>, epsilon = 1.0 : f64} : tensor<2x6xf32> -> tensor<2x6xf32>

// -----

// CHECK: function "root" is none of abs, neg, not, sign
%x = "test.op"() : () -> tensor<4xi32>
%y = onnx.IntegerUnary %x {function = "root"} : tensor<4xi32> -> tensor<4xi32>

// -----

// CHECK: operands and result have one type of integers, not i32, i64
%x, %y = "test.op"() : () -> (tensor<4xi32>, tensor<4xi64>)
%z = onnx.IntegerBinary %x, %y {function = "add"} : (tensor<4xi32>, tensor<4xi64>) -> tensor<4xi32>

// -----

// CHECK: operands of one type give truth values (i1)
%x = "test.op"() : () -> tensor<4xf32>
%y = onnx.Compare %x, %x {function = "equal"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi8>

// -----

// CHECK: a real gives a truth value (i1)
%x = "test.op"() : () -> tensor<4xi32>
%y = onnx.NotFinite %x {function = "nan"} : tensor<4xi32> -> tensor<4xi1>

// -----

// CHECK: the condition holds i8, expected i1
%c, %x = "test.op"() : () -> (tensor<4xi8>, tensor<4xf32>)
%y = onnx.Where %c, %x, %x : (tensor<4xi8>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>

// -----

// CHECK: both branches and the result have one type
%c, %x, %y = "test.op"() : () -> (tensor<4xi1>, tensor<4xf32>, tensor<4xi32>)
%z = onnx.Where %c, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

// CHECK: the result has shape [5], expected [4]
%x = "test.op"() : () -> tensor<4xf32>
%y = onnx.Cast %x : tensor<4xf32> -> tensor<5xi32>

// -----

// CHECK: approximate is one of none, tanh, got fast
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Gelu %x {approximate = "fast"} : tensor<1x4xf32> -> tensor<1x4xf32>

// -----

// CHECK: alpha must be finite, got inf
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Elu %x {alpha = 0x7FF0000000000000 : f64} : tensor<1x4xf32> -> tensor<1x4xf32>

// -----

// CHECK: the result has shape [2, 4], expected [1, 4]
%x = "test.op"() : () -> tensor<1x4xf32>
%s = "test.op"() : () -> tensor<2x4xf32>
%y = onnx.PRelu %x, %s : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>

// -----

// CHECK: fmod is 0 or 1, got 2
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Mod %x, %x {fmod = 2 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>

// -----

// CHECK: at least one operand is needed
%y = onnx.Max : () -> tensor<1x4xf32>
