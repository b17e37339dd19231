// RUN: tinyml-opt -p convert-fixed-to-memplan --split-input-file %s | filecheck %s

!q = !fixed.q<i8, 2^-4>

// A chain: one buffer per form, weights and tables in flash, the last form writes the output.
// CHECK-LABEL: func.func @chain(%x: memref<1x2x4x!fixed.q<i8, 2^-4>>, %out: memref<1x4x!fixed.q<i8, 2^-4>>) attributes
// CHECK-SAME:    fixed.inputs = [#fixed.port<"x", tensor<1x4x2x!fixed.q<i8, 2^-4>>, permutation <0, 2, 1>>]
func.func @chain(%x: tensor<1x2x4x!q>) -> tensor<1x4x!q> attributes {
    fixed.inputs = [#fixed.port<"x", tensor<1x4x2x!q>, permutation <0, 2, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<1x4x!q>, permutation <0, 1>>]} {
  // CHECK-NEXT: %t = fixed.constant dense<3> : tensor<256xi8> as memref<256xi8, "flash">
  // CHECK-NEXT: %w = fixed.constant dense<2> : tensor<4x8xi8> as memref<4x8x!fixed.q<i8, 2^-7>, "flash">
  %t = fixed.constant dense<3> : tensor<256xi8> as tensor<256xi8>
  %w = fixed.constant dense<2> : tensor<4x8xi8> as tensor<4x8x!fixed.q<i8, 2^-7>>
  // CHECK-NEXT: %a = memplan.buffer node "table" : memref<1x2x4x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: fixed.map ins(%x : {{.*}}) tables(%t : memref<256xi8, "flash">) outs(%a : {{.*}}) domain <2, 4>
  // CHECK-NEXT: ^bb0(%e: i8, %table: memref<256xi8, "flash">):
  %a = fixed.map ins(%x : tensor<1x2x4x!q>) tables(%t : tensor<256xi8>) domain <2, 4>
    maps [affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>] node "table" {
  ^bb0(%e: i8, %table: tensor<256xi8>):
    %0 = fixed.extend %e : i8 -> i16
    %c128 = arith.constant 128 : i16
    %1 = arith.addi %0, %c128 : i16
    %2 = fixed.lookup %table[%1] : tensor<256xi8>, i16 -> i8
    fixed.yield %2 : i8
  } -> tensor<1x2x4x!q>
  // CHECK:      %r = memplan.alias %a at 0 : memref<1x2x4x!fixed.q<i8, 2^-4>> -> memref<1x8x!fixed.q<i8, 2^-4>>
  %r = fixed.reshape %a : tensor<1x2x4x!q> -> tensor<1x8x!q>
  // CHECK-NEXT: fixed.contract ins(%r, %w : {{.*}}) outs(%out : {{.*}}) domain <4 | 8>
  // CHECK-SAME:   zero_points <0, 0> acc i32 node "fc" {
  %y = fixed.contract ins(%r, %w : tensor<1x8x!q>, tensor<4x8x!fixed.q<i8, 2^-7>>) domain <4 | 8>
    maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0, d0)>]
    zero_points <0, 0> acc i32 node "fc" {
  ^bb0(%acc: i32):
    %3 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %3 : i8
  } -> tensor<1x4x!q>
  // CHECK:      func.return
  // CHECK-NEXT: }
  func.return %y : tensor<1x4x!q>
}

// -----

!q = !fixed.q<i8, 2^-4>

// The returned value is a reshape: its producer writes the output under its own shape, and so do others read it.
// CHECK-LABEL: func.func @reshaped_output
func.func @reshaped_output(%x: tensor<2x4x!q>) -> (tensor<8x!q>, tensor<2x4x!q>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<2x4x!q>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<8x!q>, permutation <0>>,
                     #fixed.port<"z", tensor<2x4x!q>, permutation <0, 1>>]} {
  // CHECK-NEXT: %a = memplan.alias %out0 at 0 node "relu" : memref<8x!fixed.q<i8, 2^-4>> -> memref<2x4x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: fixed.map ins(%x : {{.*}}) outs(%a : {{.*}})
  %a = fixed.map ins(%x : tensor<2x4x!q>) domain <2, 4>
    maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] node "relu" {
  ^bb0(%e: i8):
    %0 = fixed.saturate %e to [0, 127] : i8 -> i8
    fixed.yield %0 : i8
  } -> tensor<2x4x!q>
  %r = fixed.reshape %a : tensor<2x4x!q> -> tensor<8x!q>
  // CHECK:      fixed.map ins(%a : {{.*}}) outs(%out1 : {{.*}})
  %b = fixed.map ins(%a : tensor<2x4x!q>) domain <2, 4>
    maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] node "relu6" {
  ^bb0(%e: i8):
    %0 = fixed.saturate %e to [0, 96] : i8 -> i8
    fixed.yield %0 : i8
  } -> tensor<2x4x!q>
  func.return %r, %b : tensor<8x!q>, tensor<2x4x!q>
}

// -----

!q = !fixed.q<i8, 2^-4>

// An input, a constant, and a value returned twice are copied into their outputs; reshaped constants stay in flash.
// CHECK-LABEL: func.func @copies
func.func @copies(%x: tensor<4x!q>) -> (tensor<4x!q>, tensor<2x2x!q>, tensor<4x!q>, tensor<4x!q>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x!q>, permutation <0>>],
    fixed.outputs = [#fixed.port<"same", tensor<4x!q>, permutation <0>>,
                     #fixed.port<"known", tensor<2x2x!q>, permutation <0, 1>>,
                     #fixed.port<"first", tensor<4x!q>, permutation <0>>,
                     #fixed.port<"again", tensor<4x!q>, permutation <0>>]} {
  %c = fixed.constant dense<[1, 2, 3, 4]> : tensor<4xi8> as tensor<4x!q>
  // CHECK: %k = memplan.alias %c at 0 : memref<4x{{.*}}, "flash"> -> memref<2x2x{{.*}}, "flash">
  %k = fixed.reshape %c : tensor<4x!q> -> tensor<2x2x!q>
  // CHECK: fixed.map ins(%x : {{.*}}) outs(%out2 : {{.*}}) {{.*}} node "relu"
  %a = fixed.map ins(%x : tensor<4x!q>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>]
    node "relu" {
  ^bb0(%e: i8):
    %0 = fixed.saturate %e to [0, 127] : i8 -> i8
    fixed.yield %0 : i8
  } -> tensor<4x!q>
  // CHECK: fixed.map ins(%x : {{.*}}) outs(%out0 : {{.*}}) domain <4> {{.*}} node "same.copy"
  // CHECK-NEXT: ^bb0(%[[E:.*]]: i8):
  // CHECK-NEXT:   fixed.yield %[[E]] : i8
  // CHECK: fixed.map ins(%k : {{.*}}) outs(%out1 : {{.*}}) domain <2, 2> {{.*}} node "known.copy"
  // CHECK: fixed.map ins(%out2 : {{.*}}) outs(%out3 : {{.*}}) domain <4> {{.*}} node "again.copy"
  func.return %x, %k, %a, %a : tensor<4x!q>, tensor<2x2x!q>, tensor<4x!q>, tensor<4x!q>
}

// -----

// A function without ports is somebody else's.
// CHECK-LABEL: func.func @helper(%x: tensor<4xi8>) -> tensor<4xi8>
// CHECK-NEXT:    func.return %x : tensor<4xi8>
func.func @helper(%x: tensor<4xi8>) -> tensor<4xi8> {
  func.return %x : tensor<4xi8>
}
