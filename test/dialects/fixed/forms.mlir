// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// A dense layer: 8 inputs, 4 outputs, a bias for each.
// CHECK-LABEL: func.func @dense
func.func @dense(%x: tensor<1x8x!fixed.q<i8, 2^-4>>) -> tensor<1x4x!fixed.q<i8, 2^-4>> {
  // CHECK-NEXT: %w = fixed.constant dense<1> : tensor<4x8xi8> as tensor<4x8x!fixed.q<i8, 2^-7>>
  %w = fixed.constant dense<1> : tensor<4x8xi8> as tensor<4x8x!fixed.q<i8, 2^-7>>
  // CHECK-NEXT: %b = fixed.constant dense<[1, 2, -3, 4]> : tensor<4xi32> {node = "bias"} as tensor<4xi32>
  %b = fixed.constant dense<[1, 2, -3, 4]> : tensor<4xi32> {node = "bias"} as tensor<4xi32>
  // CHECK-NEXT: %y = fixed.contract ins(%x, %w : tensor<1x8x!fixed.q<i8, 2^-4>>, tensor<4x8x!fixed.q<i8, 2^-7>>)
  // CHECK-SAME: params(%b : tensor<4xi32>) domain <4 | 8>
  // CHECK-SAME: maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
  // CHECK-SAME: affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (0, d0)>]
  // CHECK-SAME: zero_points <0, 0> acc i32 node "fc" {
  %y = fixed.contract ins(%x, %w : tensor<1x8x!fixed.q<i8, 2^-4>>, tensor<4x8x!fixed.q<i8, 2^-7>>)
      params(%b : tensor<4xi32>) domain <4 | 8>
      maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>,
            affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (0, d0)>] zero_points <0, 0> acc i32 node "fc" {
  // CHECK-NEXT: ^bb0(%acc: i32, %bias: i32):
  ^bb0(%acc: i32, %bias: i32):
    %sum = arith.addi %acc, %bias : i32
    // CHECK: fixed.rescale %sum shift 7 half_up in i32 : i32 -> i32
    %scaled = fixed.rescale %sum shift 7 half_up in i32 : i32 -> i32
    // CHECK-NEXT: fixed.saturate %scaled to [-128, 127] : i32 -> i8
    %clamped = fixed.saturate %scaled to [-128, 127] : i32 -> i8
    // CHECK-NEXT: fixed.yield %clamped : i8
    fixed.yield %clamped : i8
  // CHECK-NEXT: } -> tensor<1x4x!fixed.q<i8, 2^-4>>
  } -> tensor<1x4x!fixed.q<i8, 2^-4>>
  func.return %y : tensor<1x4x!fixed.q<i8, 2^-4>>
}

// CHECK-LABEL: func.func @pool
func.func @pool(%x: tensor<1x4x4x2x!fixed.q<i8, 2^-4>>) -> tensor<1x8x!fixed.q<i8, 2^-4>> {
  // CHECK: %y = fixed.reduce max ins(%x : tensor<1x4x4x2x!fixed.q<i8, 2^-4>>) domain <2, 2, 2 | 2, 2>
  // CHECK-SAME: zero_point <0> acc i8 {
  %y = fixed.reduce max ins(%x : tensor<1x4x4x2x!fixed.q<i8, 2^-4>>) domain <2, 2, 2 | 2, 2>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (0, d0 * 2 + d3, d1 * 2 + d4, d2)>,
            affine_map<(d0, d1, d2, d3, d4) -> (0, d0, d1, d2)>] zero_point <0> acc i8 {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  } -> tensor<1x2x2x2x!fixed.q<i8, 2^-4>>
  // CHECK: %z = fixed.reshape %y : tensor<1x2x2x2x!fixed.q<i8, 2^-4>> -> tensor<1x8x!fixed.q<i8, 2^-4>>
  %z = fixed.reshape %y : tensor<1x2x2x2x!fixed.q<i8, 2^-4>> -> tensor<1x8x!fixed.q<i8, 2^-4>>
  func.return %z : tensor<1x8x!fixed.q<i8, 2^-4>>
}

// A table of a function of 8 unsigned bits, on memrefs.
// CHECK-LABEL: func.func @table
func.func @table(%x: memref<8x!fixed.q<ui8, 2^-8>>, %y: memref<8xi16>) {
  %t = fixed.constant dense<7> : tensor<256xi16> as memref<256xi16, "flash">
  // CHECK: fixed.map ins(%x : memref<8x!fixed.q<ui8, 2^-8>>) tables(%t : memref<256xi16, "flash">) outs(%y : memref<8xi16>)
  // CHECK-SAME: domain <8> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  fixed.map ins(%x : memref<8x!fixed.q<ui8, 2^-8>>) tables(%t : memref<256xi16, "flash">) outs(%y : memref<8xi16>)
      domain <8> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  // CHECK-NEXT: ^bb0(%e: ui8, %entries: memref<256xi16, "flash">):
  ^bb0(%e: ui8, %entries: memref<256xi16, "flash">):
    // CHECK-NEXT: %index = fixed.extend %e : ui8 -> i32
    %index = fixed.extend %e : ui8 -> i32
    // CHECK-NEXT: %v = fixed.lookup %entries[%index] : memref<256xi16, "flash">, i32 -> i16
    %v = fixed.lookup %entries[%index] : memref<256xi16, "flash">, i32 -> i16
    fixed.yield %v : i16
  }
  func.return
}

// CHECK-LABEL: func.func @joins
func.func @joins(%a: tensor<2x3x!fixed.q<i8, 2^-4>>, %b: tensor<2x1x!fixed.q<i8, 2^-4>>) -> tensor<1x2x!fixed.q<i8, 2^-4>> {
  // CHECK-NEXT: %y = fixed.concat %a, %b along 1 : tensor<2x3x!fixed.q<i8, 2^-4>>, tensor<2x1x!fixed.q<i8, 2^-4>> -> tensor<2x4x!fixed.q<i8, 2^-4>>
  %y = fixed.concat %a, %b along 1 : tensor<2x3x!fixed.q<i8, 2^-4>>, tensor<2x1x!fixed.q<i8, 2^-4>>
    -> tensor<2x4x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: %z = fixed.slice %y at <1, 2> : tensor<2x4x!fixed.q<i8, 2^-4>> -> tensor<1x2x!fixed.q<i8, 2^-4>>
  %z = fixed.slice %y at <1, 2> : tensor<2x4x!fixed.q<i8, 2^-4>> -> tensor<1x2x!fixed.q<i8, 2^-4>>
  func.return %z : tensor<1x2x!fixed.q<i8, 2^-4>>
}
