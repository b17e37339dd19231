// RUN: tinyml-opt %s --split-input-file --verify-diagnostics --parsing-diagnostics | filecheck %s

// CHECK: `along` names 2 dimensions for 1 forms
%x = "test.op"() : () -> memref<4xi8>
memplan.loop 4 along <0, 0> {
  fixed.map ins(%x : memref<4xi8>) outs(%x : memref<4xi8>) domain <4>
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: i8):
    fixed.yield %a : i8
  }
}

// -----

// CHECK: a form has no parallel dimension 0 of 3 rounds
%x = "test.op"() : () -> memref<4xi8>
memplan.loop 3 along <0> {
  fixed.map ins(%x : memref<4xi8>) outs(%x : memref<4xi8>) domain <4>
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: i8):
    fixed.yield %a : i8
  }
}

// -----

// CHECK: a loop holds structured forms, memplan.retire and loops, and nothing else
memplan.loop 3 along <> {
  %x = memplan.buffer : memref<4xi8>
}

// -----

// CHECK: two loops hold the same dimension of a form
%x = "test.op"() : () -> memref<4xi8>
memplan.loop 4 along <0> {
  memplan.loop 4 along <0> {
    fixed.map ins(%x : memref<4xi8>) outs(%x : memref<4xi8>) domain <4>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
    ^bb0(%a: i8):
      fixed.yield %a : i8
    }
  }
}

// -----

// CHECK: memplan.loop runs one round or more, not 0
%x = "test.op"() : () -> memref<4xi8>
memplan.loop 0 along <-1> {
  fixed.map ins(%x : memref<4xi8>) outs(%x : memref<4xi8>) domain <4>
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%a: i8):
    fixed.yield %a : i8
  }
}
