// RUN: tinyml-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: sizes.mlir:[[# @LINE + 1]]:1: error: 'test.op': tensor<8192x8193xi8> has 67,117,056 elements, more than 67,108,864
%0 = "test.op"() : () -> tensor<8192x8193xi8>

// -----

// CHECK: "test.op"() : () -> tensor<8192x8192xi8>
%0 = "test.op"() : () -> tensor<8192x8192xi8>

// -----

// CHECK: 'builtin.unrealized_conversion_cast': memref<4x?xi8>: every size is a number of at least 1
%0 = builtin.unrealized_conversion_cast to memref<4x?xi8>

// -----

// CHECK: 'onnx.Constant': tensor<0xf32>: every size is a number of at least 1
%0 = onnx.Constant dense<> : tensor<0xf32> -> tensor<0xf32>

// -----

// CHECK: a type has 33 dimensions, more than 32
%0 = "test.op"() : () -> tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xi8>

// -----

// CHECK: integers have 1 to 64 bits, not 65
"test.op"() ({
^bb0(%a: i65):
}) : () -> ()

// -----

// CHECK: the domain has 4,294,967,296 parallel points, more than 67,108,864
"test.op"() {a = [#fixed.domain<65536, 65536>]} : () -> ()

// -----

// CHECK: the domain has 16,777,217 points to reduce over, more than 16,777,216
"test.op"() {a = {b = #fixed.domain<1 | 16777217>}} : () -> ()

// -----

// CHECK: the number 2147483649 of an access map is too large
"test.op"() {a = affine_map<(i) -> (i * 2147483649)>} : () -> ()

// -----

// CHECK: the number -9223372036854775808 is too large
"test.op"() {a = #fixed.ints<1, -9223372036854775808>} : () -> ()

// -----

// CHECK: sizes.mlir:[[# @LINE + 1]]:45: error: Integer value 300 is out of range for type i8
%0 = arith.constant dense<300> : tensor<1xi8>

// -----

// CHECK: error: Format not implemented for i128
%0 = arith.constant dense<1> : tensor<1xi128>

// -----

// CHECK: error: tensor<1048576x1048576xi8> has 1,099,511,627,776 elements, more than 67,108,864
%0 = arith.constant dense<7> : tensor<1048576x1048576xi8>

// -----

// CHECK: error: tensor<1048576x1048576xi8> has 1,099,511,627,776 elements, more than 67,108,864
%0 = arith.constant dense<"0x07"> : tensor<1048576x1048576xi8>

// -----

// CHECK: arith.constant dense<7> : tensor<1000x1000xi8>
%0 = arith.constant dense<7> : tensor<1000x1000xi8>

// -----

// CHECK: error: this scale is larger than any double
%0 = "test.op"() : () -> !fixed.q<i8, 2^1024>
