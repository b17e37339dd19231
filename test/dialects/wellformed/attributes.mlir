// RUN: tinyml-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: attributes.mlir:[[# @LINE + 2]]:1: error: 'onnx.Relu': attribute 'fixed.range': expected [min, max] of one result, as f64
%x = "test.op"() : () -> tensor<1x4xf32>
%y = onnx.Relu %x {fixed.range = [1.0 : f64, 0.0 : f64]} : tensor<1x4xf32> -> tensor<1x4xf32>

// -----

// CHECK: attribute 'fixed.type': expected fixed.q or integer_type, got "i8"
"test.op"() {fixed.type = "i8"} : () -> ()

// -----

// CHECK: attribute 'fixed.input_types': expected a type for each argument
func.func @f(%x: tensor<4xf32>) attributes {fixed.input_types = []} {
  func.return
}

// -----

// CHECK: attribute 'memplan.input_rows': 0 forms are called "first"
func.func @f(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {memplan.input_rows = "first"} {
  fixed.map ins(%x : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] node "second" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// CHECK: 'fixed.map': attribute 'memplan.distance': expected an i64 for each of the ins and params of a form
func.func @f(%x: memref<4xi8>, %y: memref<4xi8>) {
  fixed.map ins(%x : memref<4xi8>) outs(%y : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] attributes {memplan.distance = array<i64: 0, 0>} {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// CHECK: attribute 'memplan.times': times do not ascend
"test.op"() {memplan.times = dense<[1, 0]> : tensor<2xi64>} : () -> ()

// -----

// CHECK: attribute 'mcu.section': expected the name of a section, such as .dtcm, got ".a\22), evil"
"test.op"() {mcu.section = ".a\"), evil"} : () -> ()

// -----

// CHECK: attribute 'mcu.elements': expected a positive number, got 0 : i64
emitc.func @f(%x: !emitc.ptr<i8> {mcu.elements = 0}) {
  emitc.return
}

// -----

// CHECK: attribute 'fixed.inputs': 2 ports for 1 values
func.func @f(%x: tensor<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"a", tensor<4xi8>, permutation <0>>, #fixed.port<"b", tensor<4xi8>, permutation <0>>]} {
  func.return
}

// -----

// CHECK: attribute 'fixed.outputs': expected a list of #fixed.port
func.func @f(%x: tensor<4xi8>) attributes {fixed.outputs = [1]} {
  func.return
}

// -----

// CHECK: attribute 'fixed.outputs': memref<4xi8> is not #fixed.port<"y", tensor<5xi8>, permutation <0>>
func.func @f(%x: memref<4xi8>, %y: memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<5xi8>, permutation <0>>]} {
  func.return
}

// -----

// A row of an input; the arena holds an input that is no argument.
// CHECK: func.func @rows
func.func @rows(%x: memref<2xi8>, %y: memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_rows = "input",
    fixed.outputs = [#fixed.port<"y", tensor<4xi8>, permutation <0>>]} {
  func.return
}
// CHECK: func.func @arena
func.func @arena(%y: memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_arena = "input",
    fixed.outputs = [#fixed.port<"y", tensor<4xi8>, permutation <0>>]} {
  func.return
}
