// RUN: tinyml-opt -p memplan-check --split-input-file --verify-diagnostics %s | filecheck %s

// Each point reads its own index before it writes there.
// CHECK-LABEL: func.func @in_place
func.func @in_place(%x: memref<4xi8>, %i: memref<4xi8>) {
  %arena = memplan.arena size 4 align 1 in "sram" : memref<4xi8>
  %a = memplan.view %arena at 0 node "a" : memref<4xi8> -> memref<4xi8>
  fixed.map ins(%i : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
    maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "copy" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%x : memref<4xi8>) outs(%a : memref<4xi8>) at <1>(%a : memref<4xi8>) by [affine_map<(d0, d1) -> (d0)>]
      domain <4, 4> maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] node "take" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// The index of the last point is that of the first, which has written over it.
// CHECK: node `take` overwrites 1 bytes of its own input `a` before it reads them, the first at byte 0
func.func @one_index(%x: memref<4xi8>, %i: memref<4xi8>) {
  %arena = memplan.arena size 4 align 1 in "sram" : memref<4xi8>
  %a = memplan.view %arena at 0 node "a" : memref<4xi8> -> memref<4xi8>
  fixed.map ins(%i : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
    maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "copy" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%x : memref<4xi8>) outs(%a : memref<4xi8>) at <1>(%a : memref<4xi8>) by [affine_map<(d0, d1) -> (0)>]
      domain <4, 4> maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] node "take" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// What an index chooses from is read at every point, wherever the index points.
// CHECK: node `take` overwrites 3 bytes of its own input `a` before it reads them, the first at byte 0
func.func @chosen_from(%x: memref<4xi8>, %i: memref<4xi8>) {
  %arena = memplan.arena size 4 align 1 in "sram" : memref<4xi8>
  %a = memplan.view %arena at 0 node "a" : memref<4xi8> -> memref<4xi8>
  fixed.map ins(%x : memref<4xi8>) outs(%a : memref<4xi8>) domain <4>
    maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "copy" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%a : memref<4xi8>) outs(%a : memref<4xi8>) at <1>(%i : memref<4xi8>) by [affine_map<(d0, d1) -> (d0)>]
      domain <4, 4> maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] node "take" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// An index that nobody has written.
// CHECK: node `take` reads 4 bytes of `a` that were never written, the first at byte 0
func.func @unwritten(%x: memref<4xi8>, %y: memref<4xi8>) {
  %a = memplan.buffer node "a" : memref<4xi8>
  fixed.map ins(%x : memref<4xi8>) outs(%y : memref<4xi8>) at <1>(%a : memref<4xi8>) by [affine_map<(d0, d1) -> (d0)>]
      domain <4, 4> maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>] node "take" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}
