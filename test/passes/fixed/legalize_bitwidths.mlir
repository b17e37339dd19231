// RUN: tinyml-opt -p 'fixed-legalize-bitwidths{product-bits=32}' --split-input-file %s | filecheck %s
// RUN: tinyml-opt -p 'fixed-legalize-bitwidths{product-bits=64}' --split-input-file %s | filecheck %s --check-prefix=WIDE
// RUN: not tinyml-opt -p 'fixed-legalize-bitwidths{product-bits=8}' --split-input-file %s 2>&1 | filecheck %s --check-prefix=BAD
// RUN: tinyml-opt -p 'fixed-legalize-bitwidths{product-bits=16}' --split-input-file %s | filecheck %s --check-prefix=BYTE
// BAD: fixed-legalize-bitwidths: product-bits is 16, 32 or 64, got 8

// 8 bits result: the factor's error and that of the first shift are small beside a step. 671088640 / 2^41 = 5120 / 2^24, in whole bytes.
// CHECK-LABEL: func.func @narrow
// WIDE-LABEL:  func.func @narrow
!x = tensor<1x2xi20>
!y = tensor<1x2x!fixed.q<i8, 2^-4>>
func.func @narrow(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", !x, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", !y, permutation <0, 1>>]} {
  // CHECK: %[[M:.*]] = fixed.constant dense<[5120, 10240]> : tensor<2xi16>
  // CHECK: fixed.map {{.*}} params(%[[M]] : tensor<2xi16>)
  // CHECK-NEXT: ^bb0(%[[X:.*]]: i20, %[[F:.*]]: i16):
  // CHECK-NEXT: %[[E:.*]] = fixed.extend %[[F]] : i16 -> i32
  // CHECK-NEXT: %[[W:.*]] = fixed.extend %[[X]] : i20 -> i32
  // CHECK-NEXT: %[[N:.*]] = fixed.rescale %[[W]] shift 8 half_up in i32 : i32 -> i32
  // CHECK-NEXT: %[[R:.*]] = fixed.rescale %[[N]] by %[[E]] shift 16 half_up in i32 : i32, i32 -> i32
  // CHECK-NEXT: fixed.saturate %[[R]] to [-128, 127]
  // WIDE: fixed.rescale {{.*}} shift 41 half_up in i64
  // Products of 16 bits: 15 bits of x in two bytes, a factor of 7 bits.
  // BYTE: fixed.constant dense<[40, 80]> : tensor<2xi8>
  // BYTE: fixed.rescale {{.*}} shift 8 half_up in i32 : i32 -> i32
  // BYTE: arith.shrsi {{.*}} : i32
  // BYTE: arith.andi {{.*}} : i32
  // BYTE-COUNT-2: arith.muli
  // BYTE-NOT: arith.muli
  // BYTE: fixed.rescale {{.*}} half_up in i32 : i32 -> i32
  %m = fixed.constant dense<[671088640, 1342177280]> : tensor<2xi32> as tensor<2xi32>
  %y = fixed.map ins(%x : !x) params(%m : tensor<2xi32>) domain <1, 2>
      maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i20, %f: i32):
    %0 = fixed.rescale %e by %f shift 41 half_up in i64 : i20, i32 -> i32
    %1 = fixed.saturate %0 to [-128, 127] : i32 -> i8
    fixed.yield %1 : i8
  } -> !y
  func.return %y : !y
}

// -----

// 16 bits: two products with a factor of 15 bits where that holds it, four where it does not; both exact.
// CHECK-LABEL: func.func @wide
!x = tensor<1x2xi31>
!y = tensor<1x2x!fixed.q<i16, 2^-4>>
func.func @wide(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", !x, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", !y, permutation <0, 1>>]} {
  %y = fixed.map ins(%x : !x) domain <1, 2> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i31):
    // CHECK: %[[F:.*]] = arith.constant 20480 : i32
    // CHECK: %[[X:.*]] = fixed.extend
    // CHECK: %[[H:.*]] = arith.shrsi %[[X]], {{.*}} : i32
    // CHECK: %[[L:.*]] = arith.andi %[[X]], {{.*}} : i32
    // CHECK: %[[HF:.*]] = arith.muli %[[H]], %[[F]] : i32
    // CHECK: %[[LF:.*]] = arith.muli %[[L]], %[[F]] : i32
    // CHECK: %[[D:.*]] = arith.shrsi %[[LF]], {{.*}} : i32
    // CHECK: %[[S:.*]] = arith.addi %[[HF]], %[[D]] : i32
    // CHECK: fixed.rescale %[[S]] shift 14 half_up in i32 : i32 -> i32
    %m = arith.constant 1342177280 : i32
    %0 = fixed.rescale %e by %m shift 46 half_up in i64 : i31, i32 -> i32
    %1 = fixed.saturate %0 to [-32768, 32767] : i32 -> i16
    // CHECK: arith.constant 20480 : i32
    // CHECK: arith.constant 12288 : i32
    // CHECK-COUNT-5: arith.muli
    // CHECK: fixed.rescale {{.*}} shift 14 half_up in i32 : i32 -> i32
    %n = arith.constant 1342201856 : i32
    %2 = fixed.rescale %e by %n shift 46 half_up in i64 : i31, i32 -> i32
    %3 = fixed.saturate %2 to [-32768, 32767] : i32 -> i16
    %4 = arith.maxsi %1, %3 : i16
    fixed.yield %4 : i16
  } -> !y
  func.return %y : !y
}

// -----

// A shift of what fills 32 bits: half a unit more would not fit. A factor that is not known, and half_even, stay.
// CHECK-LABEL: func.func @shift
!x = tensor<1x2xi32>
!y = tensor<1x2x!fixed.q<i16, 2^-4>>
func.func @shift(%x: !x, %m: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", !x, permutation <0, 1>>, #fixed.port<"m", !x, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", !y, permutation <0, 1>>]} {
  %y = fixed.map ins(%x, %m : !x, !x) domain <1, 2> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i32, %f: i32):
    // CHECK: fixed.rescale {{.*}} shift 20 half_up in i64
    // CHECK: fixed.rescale {{.*}} shift 50 half_up in i64
    // CHECK: fixed.rescale {{.*}} shift 20 half_even in i64
    %0 = fixed.rescale %e shift 20 half_up in i64 : i32 -> i32
    %1 = fixed.rescale %e by %f shift 50 half_up in i64 : i32, i32 -> i32
    %2 = fixed.rescale %e shift 20 half_even in i64 : i32 -> i32
    %3 = arith.addi %0, %1 : i32
    %4 = arith.addi %3, %2 : i32
    %5 = fixed.saturate %4 to [-32768, 32767] : i32 -> i16
    fixed.yield %5 : i16
  } -> !y
  func.return %y : !y
}

// -----

// RUN: tinyml-opt -p 'fixed-legalize-bitwidths{storage=true}' --split-input-file %s | filecheck %s --check-prefix=BYTES

// Five and twelve bits are stored in 8 and 16; clamps, accumulator and zero point stay.
// BYTES-LABEL: func.func @storage(%x: tensor<1x2x!fixed.q<i8, 2^-4>>) -> tensor<1x2x!fixed.q<ui16, 2^-2 : 3>>
// BYTES-SAME: #fixed.port<"x", tensor<1x2x!fixed.q<i8, 2^-4>>
// CHECK-LABEL: func.func @storage(%x: tensor<1x2x!fixed.q<i5, 2^-4>>)
!x = tensor<1x2x!fixed.q<i5, 2^-4>>
!y = tensor<1x2x!fixed.q<ui12, 2^-2 : 3>>
func.func @storage(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", !x, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", !y, permutation <0, 1>>]} {
  // BYTES: fixed.constant dense<{{.*}}-4, 3{{.*}}> : tensor<2x2xi8> as tensor<2x2x!fixed.q<i8, 2^-2>>
  // BYTES: zero_points <0, 0> acc i32
  // BYTES: fixed.saturate {{.*}} to [0, 4095] : i32 -> ui16
  // BYTES: fixed.yield {{.*}} : ui16
  %w = fixed.constant dense<[[-4, 3], [1, 2]]> : tensor<2x2xi3> as tensor<2x2x!fixed.q<i3, 2^-2>>
  %y = fixed.contract ins(%x, %w : !x, tensor<2x2x!fixed.q<i3, 2^-2>>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    %s = fixed.saturate %acc to [0, 4095] : i32 -> ui12
    fixed.yield %s : ui12
  } -> !y
  func.return %y : !y
}

// -----

// A weighted sum: coefficients of 9 bits, 273 = 256 + 17 and 184 = 256 - 72, and a shift of one byte do, beside steps of
// 8 bits; in halves all products have 16 bits. Zero points become one constant: -534 + 128 = -512 + 106.
// CHECK-LABEL: func.func @sum
!x = tensor<1x2x!fixed.q<i8, 1.0 : 6>>
func.func @sum(%x: !x, %z: !x) -> !x
    attributes {fixed.inputs = [#fixed.port<"x", !x, permutation <0, 1>>, #fixed.port<"z", !x, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", !x, permutation <0, 1>>]} {
  %y = fixed.map ins(%x, %z : !x, !x) domain <1, 2> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i8, %f: i8):
    // CHECK: %[[E:.*]] = fixed.extend %e : i8 -> i32
    // CHECK: %[[F:.*]] = fixed.extend %f : i8 -> i32
    // CHECK: %[[H:.*]] = arith.addi %[[E]], %[[F]] : i32
    // CHECK: arith.constant -2 : i32
    // CHECK: %[[HIGH:.*]] = arith.addi %[[H]], {{.*}} : i32
    // CHECK: arith.constant 17 : i32
    // CHECK: arith.muli %[[E]], {{.*}} : i32
    // CHECK: arith.constant -72 : i32
    // CHECK: arith.muli %[[F]], {{.*}} : i32
    // CHECK: arith.constant 106 : i32
    // CHECK: %[[LOW:.*]] = arith.addi
    // CHECK: %[[DOWN:.*]] = arith.shrsi %[[LOW]], {{.*}} : i32
    // CHECK: %[[S:.*]] = arith.addi %[[HIGH]], %[[DOWN]] : i32
    // CHECK: fixed.saturate %[[S]] to [-128, 127] : i32 -> i8
    %0 = fixed.extend %e : i8 -> i32
    %1 = arith.constant -6 : i32
    %2 = arith.addi %0, %1 : i32
    %3 = arith.constant 4472832 : i32
    %4 = arith.muli %2, %3 : i32
    %5 = fixed.extend %f : i8 -> i32
    %6 = arith.constant 6 : i32
    %7 = arith.addi %5, %6 : i32
    %8 = arith.constant 3014656 : i32
    %9 = arith.muli %7, %8 : i32
    %10 = arith.addi %4, %9 : i32
    %11 = fixed.rescale %10 shift 22 half_up in i32 : i32 -> i32
    %12 = fixed.saturate %11 to [-128, 127] : i32 -> i8
    fixed.yield %12 : i8
  } -> !x
  func.return %y : !x
}

// -----

// A multiplier of which there is one stands in the body; of a tensor that has other readers, the array stays.
// CHECK-LABEL: func.func @uniform
!x = tensor<1x2xi20>
!y = tensor<1x2x!fixed.q<i8, 2^-4>>
func.func @uniform(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", !x, permutation <0, 1>>], fixed.outputs = [#fixed.port<"y", !y, permutation <0, 1>>]} {
  // CHECK: fixed.map ins(%x : {{.*}}) domain <1, 2>
  // CHECK-NEXT: ^bb0(%{{.*}}: i20):
  // CHECK: arith.constant 10240 : i32
  // CHECK: fixed.rescale {{.*}} shift 16 half_up in i32
  %m = fixed.constant dense<1342177280> : tensor<2xi32> as tensor<2xi32>
  %y = fixed.map ins(%x : !x) params(%m : tensor<2xi32>) domain <1, 2>
      maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i20, %f: i32):
    %0 = fixed.rescale %e by %f shift 41 half_up in i64 : i20, i32 -> i32
    %1 = fixed.saturate %0 to [-128, 127] : i32 -> i8
    fixed.yield %1 : i8
  } -> !y
  func.return %y : !y
}
