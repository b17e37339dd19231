// RUN: tinyml-opt -p memplan-check --split-input-file --verify-diagnostics %s | filecheck %s

// A good plan passes unchanged: `b` takes the bytes of `a` after its death.
// CHECK-LABEL: func.func @good
// CHECK:         memplan.retire %b
func.func @good(%x: memref<4xi8>, %y: memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<4xi8>, permutation <0>>]} {
  %arena = memplan.arena size 6 align 1 in "sram" : memref<6xi8>
  %a = memplan.view %arena at 0 node "a" : memref<6xi8> -> memref<4xi8>
  %b = memplan.view %arena at 2 node "b" : memref<6xi8> -> memref<4xi8>
  fixed.map ins(%x : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "first" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%a : memref<4xi8>) outs(%y : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "second" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.retire %a : memref<4xi8>
  fixed.map ins(%x : memref<4xi8>) outs(%b : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "third" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.retire %b : memref<4xi8>
  func.return
}

// -----

// CHECK: node `second` writes `b` at bytes [2, 6), where `a` still lives at bytes [0, 4)
func.func @overlap(%x: memref<4xi8>) {
  %arena = memplan.arena size 6 align 1 in "sram" : memref<6xi8>
  %a = memplan.view %arena at 0 node "a" : memref<6xi8> -> memref<4xi8>
  %b = memplan.view %arena at 2 node "b" : memref<6xi8> -> memref<4xi8>
  fixed.map ins(%x : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "first" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%a : memref<4xi8>) outs(%b : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "second" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// CHECK: node `second` reads `a`, which was retired after node `first`
func.func @dead(%x: memref<4xi8>, %y: memref<4xi8>) {
  %a = memplan.buffer node "a" : memref<4xi8>
  fixed.map ins(%x : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "first" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %half = memplan.alias %a at 2 : memref<4xi8> -> memref<2xi8>
  memplan.retire %a : memref<4xi8>
  fixed.map ins(%half : memref<2xi8>) outs(%y : memref<4xi8>) domain <2>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "second" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// Only the upper half of `a` was written, through an alias.
// CHECK: node `second` reads 2 bytes of `a` that were never written, the first at byte 0
func.func @unwritten(%x: memref<2xi8>, %y: memref<4xi8>) {
  %a = memplan.buffer node "a" : memref<4xi8>
  %half = memplan.alias %a at 2 : memref<4xi8> -> memref<2xi8>
  fixed.map ins(%x : memref<2xi8>) outs(%half : memref<2xi8>) domain <2>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "first" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%a : memref<4xi8>) outs(%y : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "second" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// CHECK: node `bad` writes into `w`, which is read-only
func.func @flash(%x: memref<4xi8>) {
  %w = fixed.constant dense<1> : tensor<4xi8> as memref<4xi8, "flash">
  fixed.map ins(%x : memref<4xi8>) outs(%w : memref<4xi8, "flash">) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "bad" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// CHECK: node `bad` writes into `x`, which is read-only
func.func @input(%x: memref<4xi8>, %y: memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<4xi8>, permutation <0>>]} {
  fixed.map ins(%x : memref<4xi8>) outs(%x : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "bad" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// CHECK: output `y` is not written in full
func.func @output(%x: memref<4xi8>, %y: memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<4xi8>, permutation <0>>]} {
  fixed.map ins(%x : memref<4xi8>) outs(%y : memref<4xi8>) domain <3>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "short" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// CHECK: `a` is retired twice, first after node `first`
func.func @twice(%x: memref<4xi8>) {
  %a = memplan.buffer node "a" : memref<4xi8>
  fixed.map ins(%x : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "first" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.retire %a : memref<4xi8>
  memplan.retire %a : memref<4xi8>
  func.return
}

// -----

// In place, one element ahead: the output may run behind the input ...
// CHECK-LABEL: func.func @behind
// CHECK:         node "shift"
func.func @behind(%x: memref<5xi8>) {
  %a = memplan.buffer node "a" : memref<5xi8>
  fixed.map ins(%x : memref<5xi8>) outs(%a : memref<5xi8>) domain <5>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "first" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%a : memref<5xi8>) outs(%a : memref<5xi8>) domain <4>
    maps [affine_map<(i) -> (i + 1)>, affine_map<(i) -> (i)>] node "shift" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// ... but not ahead of it.
// CHECK: node `shift` overwrites 3 bytes of its own input `a` before it reads them, the first at byte 1
func.func @ahead(%x: memref<5xi8>) {
  %a = memplan.buffer node "a" : memref<5xi8>
  fixed.map ins(%x : memref<5xi8>) outs(%a : memref<5xi8>) domain <5>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "first" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%a : memref<5xi8>) outs(%a : memref<5xi8>) domain <4>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i + 1)>] node "shift" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// An opaque step reads all of its inputs.
// CHECK: node `cell` reads 2 bytes of `a` that were never written, the first at byte 2
func.func @opaque(%x: memref<4xi8>, %y: memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<4xi8>, permutation <0>>]} {
  %a = memplan.buffer node "a" : memref<4xi8>
  %half = memplan.alias %a at 0 : memref<4xi8> -> memref<2xi8>
  memplan.opaque ins(%x : memref<4xi8>) outs(%half : memref<2xi8>) node "half"
  memplan.opaque ins(%a : memref<4xi8>) outs(%y : memref<4xi8>) node "cell"
  func.return
}
