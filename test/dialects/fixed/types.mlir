// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// Scales that are powers of two print as such, others as the shortest decimal.
// CHECK: "test.op"() {types = [!fixed.q<i8, 2^-5>, !fixed.q<i8, 0.0235 : -128>, !fixed.q<ui8, 2^-8>]} : () -> ()
"test.op"() {types = [!fixed.q<i8, 0.03125>, !fixed.q<i8, 0.0235 : -128>, !fixed.q<ui8, 2^-8>]} : () -> ()

// CHECK: "test.op"() {types = [!fixed.q<i8, axis 0 {0.01, 2^1}>, !fixed.q<i12, 2^-7>]} : () -> ()
"test.op"() {types = [!fixed.q<i8, axis 0 {0.01, 2.0}>, !fixed.q<i12, 2^-7>]} : () -> ()

// CHECK: "test.op"() {domains = [#fixed.domain<4, 4 | 3, 3>, #fixed.domain<8>, #fixed.domain< | 5>]} : () -> ()
"test.op"() {domains = [#fixed.domain<4, 4 | 3, 3>, #fixed.domain<8>, #fixed.domain< | 5>]} : () -> ()

// CHECK: "test.op"() {port = #fixed.port<"image", tensor<1x3x4x5x!fixed.q<i8, 2^-7>>, permutation <0, 2, 3, 1>>} : () -> ()
"test.op"() {port = #fixed.port<"image", tensor<1x3x4x5x!fixed.q<i8, 2^-7>>, permutation <0, 2, 3, 1>>} : () -> ()

// CHECK: "test.op"() {ports = [#fixed.port<"n", tensor<4x!fixed.q<i64, 2^0>>, permutation <0>, integer>,
// CHECK-SAME: #fixed.port<"mask", tensor<4x!fixed.q<ui8, 2^0>>, permutation <0>, bool>]} : () -> ()
"test.op"() {ports = [#fixed.port<"n", tensor<4x!fixed.q<i64, 1.0>>, permutation <0>, integer>,
  #fixed.port<"mask", tensor<4x!fixed.q<ui8, 1.0>>, permutation <0>, bool>]} : () -> ()

// CHECK: "test.op"() {values = [#fixed<rounding tflite>, #fixed<rounding half_even>, #fixed<reduction argmax>]} : () -> ()
"test.op"() {values = [#fixed<rounding tflite>, #fixed<rounding half_even>, #fixed<reduction argmax>]} : () -> ()

// CHECK: func.func @normalize
func.func @normalize(%x: i64) {
  // CHECK-NEXT: %e = fixed.exponent %x step 2 : i64 -> i32
  %e = fixed.exponent %x step 2 : i64 -> i32
  // CHECK-NEXT: %m = fixed.mantissa %x bits 31 step 2 : i64 -> i32
  %m = fixed.mantissa %x bits 31 step 2 : i64 -> i32
  func.return
}

// CHECK: func.func @rescale
func.func @rescale(%x: i32, %m: i32) {
  // CHECK-NEXT: %a = fixed.rescale %x by %m shift 38 tflite in i64 : i32, i32 -> i32
  %a = fixed.rescale %x by %m shift 38 tflite in i64 : i32, i32 -> i32
  // CHECK-NEXT: %b = fixed.rescale %x shift 0 truncate in i32 : i32 -> i32
  %b = fixed.rescale %x shift 0 truncate in i32 : i32 -> i32
  func.return
}
