// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// An accumulator over the rows of a tensor, read from the last; every sum is kept.
// CHECK-LABEL: func.func @sums
func.func @sums(%x: tensor<4x3x!fixed.q<i8, 2^-4>>, %s: tensor<3x!fixed.q<i8, 2^-4>>)
    -> (tensor<3x!fixed.q<i8, 2^-4>>, tensor<3x4x!fixed.q<i8, 2^-4>>) {
  // CHECK-NEXT: %last, %all = fixed.scan 4 states(%s : tensor<3x!fixed.q<i8, 2^-4>>)
  // CHECK-SAME: ins(%x : tensor<4x3x!fixed.q<i8, 2^-4>>) along <0> reversed <1> stacks along <1> reversed <0>
  // CHECK-SAME: node "sums" {
  // CHECK-NEXT: ^bb0(%state: tensor<3x!fixed.q<i8, 2^-4>>, %row: tensor<3x!fixed.q<i8, 2^-4>>):
  %last, %all = fixed.scan 4 states(%s : tensor<3x!fixed.q<i8, 2^-4>>) ins(%x : tensor<4x3x!fixed.q<i8, 2^-4>>)
      along <0> reversed <1> stacks along <1> reversed <0> node "sums" {
  ^bb0(%state: tensor<3x!fixed.q<i8, 2^-4>>, %row: tensor<3x!fixed.q<i8, 2^-4>>):
    %next = fixed.map ins(%state, %row : tensor<3x!fixed.q<i8, 2^-4>>, tensor<3x!fixed.q<i8, 2^-4>>) domain <3>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
    ^bb1(%a: i8, %b: i8):
      %m = arith.maxsi %a, %b : i8
      fixed.yield %m : i8
    } -> tensor<3x!fixed.q<i8, 2^-4>>
    // CHECK: fixed.next states(%next : tensor<3x!fixed.q<i8, 2^-4>>) outs(%next : tensor<3x!fixed.q<i8, 2^-4>>)
    fixed.next states(%next : tensor<3x!fixed.q<i8, 2^-4>>) outs(%next : tensor<3x!fixed.q<i8, 2^-4>>)
  // CHECK-NEXT: } -> tensor<3x!fixed.q<i8, 2^-4>>, tensor<3x4x!fixed.q<i8, 2^-4>>
  } -> tensor<3x!fixed.q<i8, 2^-4>>, tensor<3x4x!fixed.q<i8, 2^-4>>
  func.return %last, %all : tensor<3x!fixed.q<i8, 2^-4>>, tensor<3x4x!fixed.q<i8, 2^-4>>
}

// Without states, and a scan in a scan that uses a value from outside of both.
// CHECK-LABEL: func.func @nested
func.func @nested(%x: tensor<2x4xi8>, %c: tensor<1xi8>) -> tensor<2x4x1xi8> {
  // CHECK-NEXT: %y = fixed.scan 2 ins(%x : tensor<2x4xi8>) along <0> reversed <0> stacks along <0> reversed <0> {
  %y = fixed.scan 2 ins(%x : tensor<2x4xi8>) along <0> reversed <0> stacks along <0> reversed <0> {
  ^bb0(%row: tensor<4xi8>):
    // CHECK: %h, %z = fixed.scan 4 states(%c : tensor<1xi8>) ins(%row : tensor<4xi8>)
    %h, %z = fixed.scan 4 states(%c : tensor<1xi8>) ins(%row : tensor<4xi8>)
        along <0> reversed <0> stacks along <0> reversed <0> {
    ^bb1(%s: tensor<1xi8>, %e: tensor<i8>):
      %f = fixed.reshape %e : tensor<i8> -> tensor<1xi8>
      // CHECK: fixed.next states(%c : tensor<1xi8>) outs(%f : tensor<1xi8>)
      fixed.next states(%c : tensor<1xi8>) outs(%f : tensor<1xi8>)
    } -> tensor<1xi8>, tensor<4x1xi8>
    // CHECK: fixed.next outs(%z : tensor<4x1xi8>)
    fixed.next outs(%z : tensor<4x1xi8>)
  } -> tensor<2x4x1xi8>
  func.return %y : tensor<2x4x1xi8>
}
