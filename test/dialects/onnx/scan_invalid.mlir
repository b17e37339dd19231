// RUN: tinyml-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: state 0 is of one type before, in, and after each round, not of tensor<3xf32>, tensor<3xf32>, tensor<4xf32>
%s, %x = "test.op"() : () -> (tensor<3xf32>, tensor<4xf32>)
%h = onnx.Scan 4 states(%s : tensor<3xf32>) along <> reversed <> stacks along <> reversed <> do {
^bb0(%a: tensor<3xf32>):
  onnx.Next states(%x : tensor<4xf32>)
} -> tensor<3xf32>

// -----

// CHECK: scanned tensor 0, tensor<4x3xf32>, has no dimension 1 of 4 rounds
%x = "test.op"() : () -> tensor<4x3xf32>
%h = onnx.Scan 4 ins(%x : tensor<4x3xf32>) along <1> reversed <0> stacks along <0> reversed <0> do {
^bb0(%a: tensor<4xf32>):
  onnx.Next outs(%a : tensor<4xf32>)
} -> tensor<4x4xf32>

// -----

// CHECK: the body has tensor<4xf32> for a slice of stacked output 0, tensor<4x3xf32>, along 0
%x = "test.op"() : () -> tensor<4x4xf32>
%h = onnx.Scan 4 ins(%x : tensor<4x4xf32>) along <0> reversed <0> stacks along <0> reversed <0> do {
^bb0(%a: tensor<4xf32>):
  onnx.Next outs(%a : tensor<4xf32>)
} -> tensor<4x3xf32>

// -----

// CHECK: each scanned tensor has an axis, and 1 for reversed or 0
%x = "test.op"() : () -> tensor<4x4xf32>
%h = onnx.Scan 4 ins(%x : tensor<4x4xf32>) along <0> reversed <2> stacks along <0> reversed <0> do {
^bb0(%a: tensor<4xf32>):
  onnx.Next outs(%a : tensor<4xf32>)
} -> tensor<4x4xf32>

// -----

// CHECK: the body takes 0 states and 1 slices, not 2 arguments
%x = "test.op"() : () -> tensor<4x4xf32>
%h = onnx.Scan 4 ins(%x : tensor<4x4xf32>) along <0> reversed <0> stacks along <0> reversed <0> do {
^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
  onnx.Next outs(%a : tensor<4xf32>)
} -> tensor<4x4xf32>

// -----

// CHECK: results and onnx.Next have each state once, then one for each stacked output
%x = "test.op"() : () -> tensor<4x4xf32>
%h = onnx.Scan 4 ins(%x : tensor<4x4xf32>) along <0> reversed <0> stacks along <0> reversed <0> do {
^bb0(%a: tensor<4xf32>):
  onnx.Next
} -> tensor<4x4xf32>

// -----

// CHECK: onnx.Scan runs one round or more, not 0
%s = "test.op"() : () -> tensor<3xf32>
%h = onnx.Scan 0 states(%s : tensor<3xf32>) along <> reversed <> stacks along <> reversed <> do {
^bb0(%a: tensor<3xf32>):
  onnx.Next states(%a : tensor<3xf32>)
} -> tensor<3xf32>

// -----

// CHECK: onnx.Next ends the body of onnx.Scan
%s = "test.op"() : () -> tensor<3xf32>
onnx.Next states(%s : tensor<3xf32>)
