// RUN: tinyml-opt -p 'fixed-narrow-bodies' --split-input-file %s | filecheck %s

// A layer: the sum of 24 bits, its bias and its multiplier stored as narrow, the product of two 16-bit numbers, a shift by whole bytes.
// CHECK-LABEL: func.func @layer
!x = tensor<1x2x!fixed.q<i8, 1.0>>
!y = tensor<1x2x!fixed.q<i8, 1.0>>
func.func @layer(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  // CHECK-DAG: %[[BIAS:.*]] = fixed.constant dense<[100000, -50000]> : tensor<2xi24> {node = "b"} as tensor<2xi24>
  // CHECK-DAG: %[[MULTIPLIER:.*]] = fixed.constant dense<[127, 20000]> : tensor<2xi16>
  %w = fixed.constant dense<[[127, -127], [1, 1]]> : tensor<2x2xi8> as tensor<2x2xi8>
  %b = fixed.constant dense<[100000, -50000]> : tensor<2xi32> {node = "b"} as tensor<2xi32>
  %m = fixed.constant dense<[127, 20000]> : tensor<2xi32> as tensor<2xi32>
  // CHECK: params(%[[BIAS]], %[[MULTIPLIER]] : tensor<2xi24>, tensor<2xi16>)
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: i24, %[[B:.*]]: i24, %[[M:.*]]: i16):
  // CHECK-NEXT: %[[SUM:.*]] = arith.addi %[[ACC]], %[[B]] : i24
  // CHECK-NEXT: %[[HIGH:.*]] = fixed.rescale %[[SUM]] shift 8 half_up in i24 : i24 -> i16
  // CHECK-NEXT: %[[PRODUCT:.*]] = fixed.rescale %[[HIGH]] by %[[M]] shift 8 half_up in i32 : i16, i16 -> i16
  // CHECK-NEXT: %[[Y:.*]] = fixed.saturate %[[PRODUCT]] to [-128, 127] : i16 -> i8
  // CHECK-NEXT: fixed.yield %[[Y]] : i8
  %y = fixed.contract ins(%x, %w : !x, tensor<2x2xi8>) params(%b, %m : tensor<2xi32>, tensor<2xi32>) domain <1, 2 | 2>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (o)>,
            affine_map<(n, o, k) -> (o)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <0, 0> acc i24 {
  ^bb0(%acc: i24, %p: i32, %q: i32):
    %0 = fixed.extend %acc : i24 -> i32
    %1 = arith.addi %0, %p : i32
    %2 = fixed.rescale %1 shift 8 half_up in i32 : i32 -> i32
    %3 = fixed.rescale %2 by %q shift 8 half_up in i64 : i32, i32 -> i32
    %4 = fixed.saturate %3 to [-128, 127] : i32 -> i8
    fixed.yield %4 : i8
  } -> !y
  func.return %y : !y
}

// -----

// Unsigned bytes are widened once; a shift by 13 bits moves a byte first; one bound of the clamp is never reached.
// CHECK-LABEL: func.func @split
!x = tensor<1x2x!fixed.q<ui8, 1.0>>
!y = tensor<1x2x!fixed.q<i8, 1.0>>
func.func @split(%x: !x) -> !y
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<ui8, 1.0>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i8, 1.0>>, permutation <0, 1>>]} {
  // CHECK: ^bb0(%[[X:.*]]: ui8):
  // CHECK-NEXT: %[[W:.*]] = fixed.extend %[[X]] : ui8 -> i32
  // CHECK-NEXT: %[[M:.*]] = arith.constant 6000 : i32
  // CHECK-NEXT: %[[P:.*]] = arith.muli %[[W]], %[[M]] : i32
  // CHECK-NEXT: %[[HALF:.*]] = arith.constant 4096 : i32
  // CHECK-NEXT: %[[S:.*]] = arith.addi %[[P]], %[[HALF]] : i32
  // CHECK-NEXT: arith.constant 8 : i32
  // CHECK-NEXT: %[[BYTES:.*]] = arith.shrsi %[[S]], {{.*}} : i32
  // CHECK-NEXT: %[[N:.*]] = arith.trunci %[[BYTES]] : i32 to i16
  // CHECK-NEXT: arith.constant 5 : i16
  // CHECK-NEXT: %[[R:.*]] = arith.shrsi %[[N]], {{.*}} : i16
  // CHECK-NEXT: %[[MOST:.*]] = arith.constant 127 : i16
  // CHECK-NEXT: %[[C:.*]] = arith.minsi %[[R]], %[[MOST]] : i16
  // CHECK-NEXT: %[[Y:.*]] = arith.trunci %[[C]] : i16 to i8
  // CHECK-NEXT: fixed.yield %[[Y]] : i8
  %y = fixed.map ins(%x : !x) domain <1, 2> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: ui8):
    %m = arith.constant 6000 : i64
    %0 = fixed.extend %e : ui8 -> i64
    %1 = fixed.rescale %0 by %m shift 13 half_up in i64 : i64, i64 -> i64
    %2 = fixed.saturate %1 to [-128, 127] : i64 -> i8
    fixed.yield %2 : i8
  } -> !y
  func.return %y : !y
}

// -----

// What the bits of an unsigned comparison mean depends on its type, which stays; so does what is as narrow as it can be.
// CHECK-LABEL: func.func @stays
!x = tensor<1x2x!fixed.q<i16, 1.0>>
func.func @stays(%x: !x) -> !x
    attributes {fixed.inputs = [#fixed.port<"x", tensor<1x2x!fixed.q<i16, 1.0>>, permutation <0, 1>>],
                fixed.outputs = [#fixed.port<"y", tensor<1x2x!fixed.q<i16, 1.0>>, permutation <0, 1>>]} {
  // CHECK: ^bb0(%[[X:.*]]: i16):
  // CHECK: %[[E:.*]] = fixed.extend %[[X]] : i16 -> i32
  // CHECK: %[[C:.*]] = arith.cmpi ult, %[[E]], {{.*}} : i32
  // CHECK: %[[Y:.*]] = arith.select %[[C]], %[[X]], {{.*}} : i16
  // CHECK: fixed.yield %[[Y]] : i16
  %y = fixed.map ins(%x : !x) domain <1, 2> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i16):
    %0 = fixed.extend %e : i16 -> i32
    %1 = arith.constant 5 : i32
    %2 = arith.cmpi ult, %0, %1 : i32
    %3 = arith.constant 7 : i16
    %4 = arith.select %2, %e, %3 : i16
    fixed.yield %4 : i16
  } -> !x
  func.return %y : !x
}

// -----

// Zeros of a scale far above the result's: no product, of a multiplier that would not fit it.
// CHECK-LABEL: func.func @zeros
func.func @zeros(%x: tensor<2x!fixed.q<i8, 1.0>>) -> tensor<2xi16>
    attributes {fixed.inputs = [#fixed.port<"x", tensor<2x!fixed.q<i8, 1.0>>, permutation <0>>],
                fixed.outputs = [#fixed.port<"y", tensor<2xi16>, permutation <0>>]} {
  %z = fixed.constant dense<0> : tensor<2xi16> as tensor<2xi16>
  // CHECK: ^bb0(%[[X:.*]]: i8, %{{.*}}):
  // CHECK-NOT: fixed.rescale
  // CHECK: arith.maxsi
  // CHECK-NOT: fixed.rescale
  %y = fixed.map ins(%x : tensor<2x!fixed.q<i8, 1.0>>) params(%z : tensor<2xi16>) domain <2>
      maps [affine_map<(n) -> (n)>, affine_map<(n) -> (n)>, affine_map<(n) -> (n)>] {
  ^bb0(%a: i8, %b: i16):
    %0 = fixed.extend %a : i8 -> i32
    %1 = fixed.extend %b : i16 -> i32
    %2 = arith.constant 1073741824 : i32
    %3 = fixed.rescale %1 by %2 shift 12 half_up in i64 : i32, i32 -> i32
    %4 = arith.maxsi %0, %3 : i32
    %5 = fixed.saturate %4 to [-32768, 32767] : i32 -> i16
    fixed.yield %5 : i16
  } -> tensor<2xi16>
  func.return %y : tensor<2xi16>
}
