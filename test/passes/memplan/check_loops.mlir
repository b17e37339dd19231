// RUN: tinyml-opt -p memplan-check --split-input-file --verify-diagnostics %s | filecheck %s

// A state whose bytes another buffer takes in the round: the next round finds them overwritten.
// CHECK: node `use` in round 1 reads 4 bytes of `s` that were never written, the first at byte 0
func.func @overwritten(%x: memref<4xi8>) attributes {fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>]} {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
  %s = memplan.view %arena at 0 node "s" : memref<8xi8> -> memref<4xi8>
  %a = memplan.view %arena at 4 node "a" : memref<8xi8> -> memref<4xi8>
  fixed.map ins(%x : memref<4xi8>) outs(%s : memref<4xi8>) domain <4>
      maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "start" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.loop 3 along <-1> {
    fixed.map ins(%s : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "use" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    memplan.retire %s : memref<4xi8>
  }
  func.return
}

// -----

// Two buffers of a round in the same bytes, both still needed.
// CHECK: node `b` in round 0 writes `b` at bytes [2, 6), where `a` still lives at bytes [0, 4)
func.func @shared(%x: memref<4xi8>, %y: memref<4xi8>)
    attributes {fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>]} {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
  %a = memplan.view %arena at 0 node "a" : memref<8xi8> -> memref<4xi8>
  %b = memplan.view %arena at 2 node "b" : memref<8xi8> -> memref<4xi8>
  memplan.loop 3 along <-1, -1, -1> {
    fixed.map ins(%x : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "a" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%x : memref<4xi8>) outs(%b : memref<4xi8>) domain <4>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "b" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%a : memref<4xi8>) outs(%y : memref<4xi8>) domain <4>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "y" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    memplan.retire %a : memref<4xi8>
    memplan.retire %b : memref<4xi8>
  }
  func.return
}

// -----

// A stack that a round reads before it is written there.
// CHECK: node `early` in round 0 reads 1 bytes of `s` that were never written, the first at byte 1
func.func @early(%x: memref<4xi8>, %y: memref<4xi8>)
    attributes {fixed.inputs = [#fixed.port<"x", tensor<4xi8>, permutation <0>>]} {
  %s = memplan.buffer node "s" : memref<4xi8>
  memplan.loop 3 along <0, 0> {
    fixed.map ins(%x : memref<4xi8>) outs(%s : memref<4xi8>) domain <3>
        maps [affine_map<(t) -> (t)>, affine_map<(t) -> (t)>] node "one" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%s : memref<4xi8>) outs(%y : memref<4xi8>) domain <3>
        maps [affine_map<(t) -> (t + 1)>, affine_map<(t) -> (t)>] node "early" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// With rows, a round has its own row and no other.
// CHECK: node `twice` touches more of `x` in round 0 than the slice of the round
func.func @rows(%x: memref<3x2xi8>, %y: memref<2xi8>) attributes {memplan.input_rows = "time",
    fixed.inputs = [#fixed.port<"x", tensor<3x2xi8>, permutation <0, 1>>]} {
  memplan.loop 3 along <0> node "time" {
    fixed.map ins(%x : memref<3x2xi8>) outs(%y : memref<2xi8>) domain <3, 2>
        maps [affine_map<(t, i) -> (2 - t, i)>, affine_map<(t, i) -> (i)>] node "twice" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}
