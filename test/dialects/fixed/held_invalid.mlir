// RUN: tinyml-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: 2 held dimensions, 1 indices and 1 access maps
%x, %i = "test.op"() : () -> (tensor<4xi8>, tensor<i8>)
%y = fixed.map ins(%x : tensor<4xi8>) at <0, 1>(%i : tensor<i8>) by [affine_map<(d0, d1) -> ()>] domain <1, 4>
    maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<1xi8>

// -----

// CHECK: held dimensions [2] are not different ones of 2
%x, %i = "test.op"() : () -> (tensor<4xi8>, tensor<i8>)
%y = fixed.map ins(%x : tensor<4xi8>) at <2>(%i : tensor<i8>) by [affine_map<(d0, d1) -> ()>] domain <1, 4>
    maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<1xi8>

// -----

// CHECK: an index is an integer of at most 32 bits, at scale 1, got !fixed.q<i8, 2^-1>
%x, %i = "test.op"() : () -> (tensor<4xi8>, tensor<!fixed.q<i8, 2^-1>>)
%y = fixed.map ins(%x : tensor<4xi8>) at <1>(%i : tensor<!fixed.q<i8, 2^-1>>) by [affine_map<(d0, d1) -> ()>]
    domain <1, 4> maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<1xi8>

// -----

// CHECK: the index of dimension 1 is read outside of tensor<2xi8>
%x, %i = "test.op"() : () -> (tensor<4xi8>, tensor<2xi8>)
%y = fixed.map ins(%x : tensor<4xi8>) at <1>(%i : tensor<2xi8>) by [affine_map<(d0, d1) -> (d0)>] domain <3, 4>
    maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<3xi8>

// -----

// CHECK: the index of dimension 0 depends on a held dimension, or on a later one
%x, %i = "test.op"() : () -> (tensor<4xi8>, tensor<3xi8>)
%y = fixed.map ins(%x : tensor<4xi8>) at <0>(%i : tensor<3xi8>) by [affine_map<(d0, d1) -> (d1)>] domain <4, 3>
    maps [affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d1)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<3xi8>

// -----

// CHECK: the output is written at a held dimension
%x, %i = "test.op"() : () -> (tensor<4xi8>, tensor<i8>)
%y = fixed.map ins(%x : tensor<4xi8>) at <0>(%i : tensor<i8>) by [affine_map<(d0) -> ()>] domain <4>
    maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<4xi8>

// -----

// CHECK: input 0 is read at a held dimension and outside its bounds
%x, %i = "test.op"() : () -> (tensor<4xi8>, tensor<i8>)
%y = fixed.reduce max ins(%x : tensor<4xi8>) at <1>(%i : tensor<i8>) by [affine_map<(d0, d1) -> ()>] domain <2, 4>
    maps [affine_map<(d0, d1) -> (d0 + d1)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i8 {
^bb0(%e: i8):
  fixed.yield %e : i8
} -> tensor<2xi8>

// -----

// CHECK: argmax counts the points of its reduction domain: none of its dimensions is held
%x, %i = "test.op"() : () -> (tensor<4x3xi8>, tensor<i8>)
%y = fixed.reduce argmax ins(%x : tensor<4x3xi8>) at <2>(%i : tensor<i8>) by [affine_map<(d0, d1, d2) -> ()>]
    domain <1 | 3, 4> maps [affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0)>]
    zero_point <0> acc i32 {
^bb0(%e: i32):
  fixed.yield %e : i32
} -> tensor<1xi32>
