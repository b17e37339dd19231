// RUN: tinyml-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: state 0 is of one type before, in, and after each round, not of tensor<3xi8>, tensor<3xi8>, tensor<4xi8>
%s, %x = "test.op"() : () -> (tensor<3xi8>, tensor<4xi8>)
%h = fixed.scan 4 states(%s : tensor<3xi8>) along <> reversed <> stacks along <> reversed <> {
^bb0(%a: tensor<3xi8>):
  fixed.next states(%x : tensor<4xi8>)
} -> tensor<3xi8>

// -----

// CHECK: scanned tensor 0, tensor<4x3xi8>, has no dimension 1 of 4 rounds
%x = "test.op"() : () -> tensor<4x3xi8>
%h = fixed.scan 4 ins(%x : tensor<4x3xi8>) along <1> reversed <0> stacks along <0> reversed <0> {
^bb0(%a: tensor<4xi8>):
  fixed.next outs(%a : tensor<4xi8>)
} -> tensor<4x4xi8>

// -----

// CHECK: the body has tensor<4xi8> for a slice of stacked output 0, tensor<4x3xi8>, along 0
%x = "test.op"() : () -> tensor<4x4xi8>
%h = fixed.scan 4 ins(%x : tensor<4x4xi8>) along <0> reversed <0> stacks along <0> reversed <0> {
^bb0(%a: tensor<4xi8>):
  fixed.next outs(%a : tensor<4xi8>)
} -> tensor<4x3xi8>

// -----

// CHECK: each scanned tensor has an axis, and 1 for reversed or 0
%x = "test.op"() : () -> tensor<4x4xi8>
%h = fixed.scan 4 ins(%x : tensor<4x4xi8>) along <0> reversed <2> stacks along <0> reversed <0> {
^bb0(%a: tensor<4xi8>):
  fixed.next outs(%a : tensor<4xi8>)
} -> tensor<4x4xi8>

// -----

// CHECK: the body takes 0 states and 1 slices, not 2 arguments
%x = "test.op"() : () -> tensor<4x4xi8>
%h = fixed.scan 4 ins(%x : tensor<4x4xi8>) along <0> reversed <0> stacks along <0> reversed <0> {
^bb0(%a: tensor<4xi8>, %b: tensor<4xi8>):
  fixed.next outs(%a : tensor<4xi8>)
} -> tensor<4x4xi8>

// -----

// CHECK: results and fixed.next have each state once, then one for each stacked output
%x = "test.op"() : () -> tensor<4x4xi8>
%h = fixed.scan 4 ins(%x : tensor<4x4xi8>) along <0> reversed <0> stacks along <0> reversed <0> {
^bb0(%a: tensor<4xi8>):
  fixed.next
} -> tensor<4x4xi8>

// -----

// CHECK: fixed.scan runs one round or more, not 0
%s = "test.op"() : () -> tensor<3xi8>
%h = fixed.scan 0 states(%s : tensor<3xi8>) along <> reversed <> stacks along <> reversed <> {
^bb0(%a: tensor<3xi8>):
  fixed.next states(%a : tensor<3xi8>)
} -> tensor<3xi8>
