// RUN: tinyml-opt -p convert-fixed-to-memplan %s | filecheck %s
// RUN: tinyml-opt -p convert-fixed-to-memplan,convert-memplan-to-loops %s | filecheck %s --check-prefix=LOOPS

// The row is read where it lies, the next state is written over the old one, whose every element is read before; the
// stack of states takes a copy of each. A start of equal elements takes one.
// CHECK-LABEL: func.func @sums(%x: memref<4x3xi8>, %out0: memref<3xi8>, %out1: memref<3x4xi8>)
// CHECK:       %[[S:.*]] = memplan.buffer node "sums_state" : memref<3xi8>
// CHECK:       node "sums.init0"
// CHECK:       memplan.loop 4 along <0, 0> node "sums" {
// CHECK-NEXT:    fixed.map ins(%[[S]], %x : memref<3xi8>, memref<4x3xi8>) outs(%[[S]] : memref<3xi8>) domain <4, 3>
// CHECK-SAME:        maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (((d0 * -1) + 3), d1)>,
// CHECK-SAME:        affine_map<(d0, d1) -> (d1)>] node "next" {
// CHECK:         fixed.map ins(%[[S]] : memref<3xi8>) outs(%out1 : memref<3x4xi8>) domain <4, 3>
// CHECK-SAME:        maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d1, d0)>] node "sums.out0" {
// CHECK:       node "y.copy"

// LOOPS:       func.func private @sums_next(%t: index, %out: memref<3xi8>, %in1: memref<4x3xi8>)
// LOOPS:       func.func @sums(
// LOOPS:         scf.for %round = %c0 to %c4 step %c1 {
// LOOPS-NEXT:      func.call @sums_next(%round,
// LOOPS-NEXT:      func.call @sums_sums_out0(%round,
// LOOPS-NEXT:    }
func.func @sums(%x: tensor<4x3xi8>) -> (tensor<3xi8>, tensor<3x4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x3xi8>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<3xi8>, permutation <0>>,
                     #fixed.port<"ys", tensor<3x4xi8>, permutation <0, 1>>]} {
  %s = fixed.constant dense<-5> : tensor<3xi8> as tensor<3xi8>
  %last, %all = fixed.scan 4 states(%s : tensor<3xi8>) ins(%x : tensor<4x3xi8>)
      along <0> reversed <1> stacks along <1> reversed <0> node "sums" {
  ^bb0(%state: tensor<3xi8>, %row: tensor<3xi8>):
    %next = fixed.map ins(%state, %row : tensor<3xi8>, tensor<3xi8>) domain <3>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "next" {
    ^bb1(%a: i8, %b: i8):
      %m = arith.maxsi %a, %b : i8
      fixed.yield %m : i8
    } -> tensor<3xi8>
    fixed.next states(%next : tensor<3xi8>) outs(%next : tensor<3xi8>)
  } -> tensor<3xi8>, tensor<3x4xi8>
  func.return %last, %all : tensor<3xi8>, tensor<3x4xi8>
}

// The next state is computed from what is not next to it: it is written apart, and copied at the end of the round.
// CHECK-LABEL: func.func @turned
// CHECK:       memplan.loop 4 along <-1, -1> node "scan" {
// CHECK:         outs(%next : memref<3xi8>)
// CHECK:         fixed.map ins(%next : memref<3xi8>) outs(%{{.*}} : memref<3xi8>) domain <3>
// CHECK-SAME:        node "scan.next0"
func.func @turned(%x: tensor<3xi8>) -> tensor<3xi8> attributes {
    fixed.inputs = [#fixed.port<"x", tensor<3xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<3xi8>, permutation <0>>]} {
  %last = fixed.scan 4 states(%x : tensor<3xi8>) along <> reversed <> stacks along <> reversed <> node "scan" {
  ^bb0(%state: tensor<3xi8>):
    %next = fixed.map ins(%state : tensor<3xi8>) domain <3>
        maps [affine_map<(d0) -> (2 - d0)>, affine_map<(d0) -> (d0)>] node "turn" {
    ^bb1(%a: i8):
      fixed.yield %a : i8
    } -> tensor<3xi8>
    fixed.next states(%next : tensor<3xi8>)
  } -> tensor<3xi8>
  func.return %last : tensor<3xi8>
}
