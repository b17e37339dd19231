// RUN: tinyml-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: a form has either a tensor result or a memref destination
%x = "test.op"() : () -> tensor<4xi8>
fixed.map ins(%x : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
}

// -----

// CHECK: expected one access map for each of 1 ins, 0 params and the output, got 1
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.map ins(%x : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<4xi8>

// -----

// CHECK: access map 0 must take 1 dimensions to 2 indices of tensor<4x4xi8>
%x = "test.op"() : () -> tensor<4x4xi8>
%y = fixed.map ins(%x : tensor<4x4xi8>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<4xi8>

// -----

// CHECK: access map 0: `(d0 floordiv 2)` is not linear in the domain's dimensions
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.map ins(%x : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0 floordiv 2)>, affine_map<(d0) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<4xi8>

// -----

// CHECK: access map 1 leaves tensor<4xi8>: index range [1, 4]
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.map ins(%x : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0 + 1)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<4xi8>

// -----

// CHECK: access map 1 of a param or the output uses a reduction dimension
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.reduce max ins(%x : tensor<4xi8>) domain < | 4>
    maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] zero_point <0> acc i8 {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<4xi8>

// -----

// CHECK: fixed.map may not read outside an input
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.map ins(%x : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0 + -1)>, affine_map<(d0) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<4xi8>

// -----

// CHECK: body arguments must be (i32), got (i8)
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.reduce sum ins(%x : tensor<4xi8>) domain <1 | 4>
    maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i32 {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<1xi8>

// -----

// CHECK: the body must end in fixed.yield of one i8
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.reduce sum ins(%x : tensor<4xi8>) domain <1 | 4>
    maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i32 {
^bb0(%e: i32):
  fixed.yield %e : i32
} -> tensor<1xi8>

// -----

// CHECK: only a sum subtracts a zero point
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.reduce max ins(%x : tensor<4xi8>) domain <1 | 4>
    maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] zero_point <3> acc i8 {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<1xi8>

// -----

// CHECK: a form's operand has integer or !fixed.q elements, got f32
%x = "test.op"() : () -> tensor<4xf32>
%y = fixed.map ins(%x : tensor<4xf32>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<4xi8>

// -----

// CHECK: the value's shape (2,) is not the result's (3,)
%c = fixed.constant dense<[1, 2]> : tensor<2xi8> as tensor<3xi8>

// -----

// CHECK: the value's elements are i8, the result stores i16
%c = fixed.constant dense<[1, 2]> : tensor<2xi8> as tensor<2x!fixed.q<i16, 2^-3>>

// -----

// CHECK: cannot reshape tensor<4xi8> to tensor<2x3xi8>: the element counts differ
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.reshape %x : tensor<4xi8> -> tensor<2x3xi8>

// -----

// CHECK: a reshape keeps the integers' type
%x = "test.op"() : () -> tensor<4xi8>
%y = fixed.reshape %x : tensor<4xi8> -> tensor<2x2xi16>

// -----

// CHECK: a reshape gives all elements one scale
%x = "test.op"() : () -> tensor<2x4x!fixed.q<i8, axis 0 {2^-1, 2^-2}>>
%y = fixed.reshape %x : tensor<2x4x!fixed.q<i8, axis 0 {2^-1, 2^-2}>> -> tensor<2x4x!fixed.q<i8, 2^-1>>

// -----

// CHECK: shift 32 must be at least 0 and less than the 32 bits of the product
%x = "test.op"() : () -> i32
%y = fixed.rescale %x shift 32 half_up in i32 : i32 -> i32

// -----

// CHECK: tflite rounding takes a 31-bit multiplier and a shift of at least 31
%x = "test.op"() : () -> i32
%y = fixed.rescale %x by %x shift 30 tflite in i64 : i32, i32 -> i32

// -----

// CHECK: bounds [-128, 200] must be ordered and fit in i8
%x = "test.op"() : () -> i32
%y = fixed.saturate %x to [-128, 200] : i32 -> i8

// -----

// CHECK: the table must be one-dimensional with elements of the result type
%t, %i = "test.op"() : () -> (tensor<4xi8>, i32)
%y = fixed.lookup %t[%i] : tensor<4xi8>, i32 -> i16

// -----

// CHECK: not every ui8 is a i8
%x = "test.op"() : () -> ui8
%y = fixed.extend %x : ui8 -> i8

// -----

// CHECK: zero point 200 is outside the storage range [-128, 127]
"test.op"() {t = !fixed.q<i8, 0.5 : 200>} : () -> ()

// -----

// CHECK: every scale must be positive and finite
"test.op"() {t = !fixed.q<i8, 0.0>} : () -> ()

// -----

// CHECK: [0, 0] is not a permutation of the dimensions of tensor<1x4xi8>
"test.op"() {t = #fixed.port<"x", tensor<1x4xi8>, permutation <0, 0>>} : () -> ()

// -----

// CHECK: a port that holds `bool` is stored as !fixed.q<ui8, 2^0>, not !fixed.q<i8, 2^0>
"test.op"() {t = #fixed.port<"x", tensor<1x4x!fixed.q<i8, 2^0>>, permutation <0, 1>, bool>} : () -> ()

// -----

// CHECK: a port that holds `integer` is stored as !fixed.q<i8, 2^0>, not !fixed.q<i8, 2^-1>
"test.op"() {t = #fixed.port<"x", tensor<1x4x!fixed.q<i8, 2^-1>>, permutation <0, 1>, integer>} : () -> ()

// -----

// CHECK: every domain size must be at least 1
"test.op"() {t = #fixed.domain<4, 0>} : () -> ()

// -----

// CHECK: tensor<3x3xi8> is no part of tensor<2x4xi8> along dimension 1
%a, %b = "test.op"() : () -> (tensor<3x3xi8>, tensor<2x1xi8>)
%y = fixed.concat %a, %b along 1 : tensor<3x3xi8>, tensor<2x1xi8> -> tensor<2x4xi8>

// -----

// CHECK: the parts have 4 elements along dimension 1, tensor<2x5xi8> has others
%a, %b = "test.op"() : () -> (tensor<2x3xi8>, tensor<2x1xi8>)
%y = fixed.concat %a, %b along 1 : tensor<2x3xi8>, tensor<2x1xi8> -> tensor<2x5xi8>

// -----

// CHECK: fixed.concat takes one scale for all elements
%a = "test.op"() : () -> tensor<1x!fixed.q<i8, axis 0 {2^-4}>>
%y = fixed.concat %a along 0 : tensor<1x!fixed.q<i8, axis 0 {2^-4}>> -> tensor<1x!fixed.q<i8, axis 0 {2^-4}>>

// -----

// CHECK: tensor<2x3xi8> at [0, 2] leaves tensor<2x4xi8>
%a = "test.op"() : () -> tensor<2x4xi8>
%y = fixed.slice %a at <0, 2> : tensor<2x4xi8> -> tensor<2x3xi8>

// -----

// CHECK: a slice of tensor<2x4xi8> has 2 dimensions and offsets
%a = "test.op"() : () -> tensor<2x4xi8>
%y = fixed.slice %a at <0> : tensor<2x4xi8> -> tensor<2x3xi8>

// -----

%x = "test.op"() : () -> i64
// CHECK: the step of exponents is 1 or 2, got 3
%y = fixed.exponent %x step 3 : i64 -> i32

// -----

%x = "test.op"() : () -> i64
// CHECK: 32 bits must be at least the step and at most 31
%y = fixed.mantissa %x bits 32 step 1 : i64 -> i32

// -----

%x = "test.op"() : () -> ui32
// CHECK: expected iN with N from 32 to 64, got ui32
%y = fixed.exponent %x step 1 : ui32 -> i32

// -----

// CHECK: a constant of 1 dimensions has no axis 1
%w = fixed.constant dense<[1, 2]> : tensor<2xi8> {layout = #fixed.layout<delta8 along 1>} as tensor<2xi8>

// -----

// CHECK: packed4 holds integers from -8 to 7
%w = fixed.constant dense<[1, 8]> : tensor<2xi8> {layout = #fixed.layout<packed4 along 0>} as tensor<2xi8>

// -----

// CHECK: layouts are those of signed integers of 8 or 16 bits, not of int32
%w = fixed.constant dense<[1, 8]> : tensor<2xi32> {layout = #fixed.layout<delta8 along 0>} as tensor<2xi32>

// -----

// CHECK: layouts are those of signed integers, not of ui8
%w = fixed.constant dense<[1, 8]> : tensor<2xi8> {layout = #fixed.layout<delta8 along 0>} as tensor<2x!fixed.q<ui8, 2^0>>
