// RUN: tinyml-opt -p 'memplan-defrag{capacity=16},memplan-inplace,memplan-place,memplan-check' --split-input-file %s | filecheck %s --check-prefix=PLACED
// RUN: tinyml-opt -p 'memplan-defrag{capacity=16}' --split-input-file %s | filecheck %s

// Never more than 16 bytes are alive. `a` and `b` take a half each; `d` and `e` come to lie in the half of `b`, `f` in
// that of `a`. So neither half is free for `g` and then `h`, unless `d` or `f` moves: here `d`, to where `a` was.
// CHECK-LABEL: func.func @halves
// CHECK-SAME:    memplan.defrag = {capacity = 16 : i64, moves = 1 : i64, bytes = 4 : i64, peak = 16 : i64,
// CHECK-SAME:      before = 20 : i64}
// CHECK:       node "use_a"
// CHECK-NEXT:  %d_moved = memplan.buffer node "d.move" : memref<4xi8>
// CHECK-NEXT:  memplan.opaque ins(%d : memref<4xi8>) outs(%d_moved : memref<4xi8>) node "d.move"
// CHECK-NEXT:  %f = memplan.buffer
// CHECK:       memplan.opaque ins(%d_moved, %f : memref<4xi8>, memref<4xi8>) {{.*}} node "use_df"
// PLACED-LABEL: func.func @halves
// PLACED:         memplan.arena size 16
func.func @halves(%x: memref<8xi8>, %y: memref<8xi8>) {
  %a = memplan.buffer node "a" : memref<8xi8>
  %b = memplan.buffer node "b" : memref<8xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a, %b : memref<8xi8>, memref<8xi8>) node "ab"
  memplan.opaque ins(%b : memref<8xi8>) outs(%y : memref<8xi8>) node "use_b"
  %d = memplan.buffer node "d" : memref<4xi8>
  %e = memplan.buffer node "e" : memref<4xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%d, %e : memref<4xi8>, memref<4xi8>) node "de"
  memplan.opaque ins(%a : memref<8xi8>) outs(%y : memref<8xi8>) node "use_a"
  %f = memplan.buffer node "f" : memref<4xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%f : memref<4xi8>) node "f"
  memplan.opaque ins(%e : memref<4xi8>) outs(%y : memref<8xi8>) node "use_e"
  %g = memplan.buffer node "g" : memref<8xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%g : memref<8xi8>) node "g"
  memplan.opaque ins(%d, %f : memref<4xi8>, memref<4xi8>) outs(%y : memref<8xi8>) node "use_df"
  %h = memplan.buffer node "h" : memref<8xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%h : memref<8xi8>) node "h"
  memplan.opaque ins(%g, %h : memref<8xi8>, memref<8xi8>) outs(%y : memref<8xi8>) node "use_gh"
  func.return
}

// -----

// Everything fits: nothing moves.
// CHECK-LABEL: func.func @fits
// CHECK-SAME:    memplan.defrag = {capacity = 16 : i64, moves = 0 : i64, bytes = 0 : i64, peak = 12 : i64, before = 12 : i64}
// CHECK-NEXT:  %a = memplan.buffer
// CHECK-NEXT:  %b = memplan.buffer
// CHECK-NEXT:  memplan.opaque {{.*}} node "ab"
// CHECK-NEXT:  memplan.opaque {{.*}} node "use"
// CHECK-NEXT:  func.return
// PLACED-LABEL: func.func @fits
func.func @fits(%x: memref<8xi8>, %y: memref<8xi8>) {
  %a = memplan.buffer : memref<8xi8>
  %b = memplan.buffer : memref<4xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a, %b : memref<8xi8>, memref<4xi8>) node "ab"
  memplan.opaque ins(%a, %b : memref<8xi8>, memref<4xi8>) outs(%y : memref<8xi8>) node "use"
  func.return
}

// -----

// Too much is alive at once: no move helps.
// CHECK-LABEL: func.func @full
// CHECK-SAME:    memplan.defrag = {refused = "no placement of what is alive together takes less than 24 bytes"}
// CHECK-NOT:   .move
// CHECK:       func.return
// PLACED-LABEL: func.func @full
func.func @full(%x: memref<8xi8>, %y: memref<8xi8>) {
  %a = memplan.buffer : memref<16xi8>
  %b = memplan.buffer : memref<8xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a, %b : memref<16xi8>, memref<8xi8>) node "ab"
  memplan.opaque ins(%a, %b : memref<16xi8>, memref<8xi8>) outs(%y : memref<8xi8>) node "use"
  func.return
}

// -----

// Placed already: left alone.
// CHECK-LABEL: func.func @placed(%x: memref<8xi8>, %y: memref<8xi8>) {
// PLACED-LABEL: func.func @placed
func.func @placed(%x: memref<8xi8>, %y: memref<8xi8>) {
  %arena = memplan.arena size 24 align 4 in "sram" : memref<24xi8>
  %a = memplan.view %arena at 0 : memref<24xi8> -> memref<24xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a : memref<24xi8>) node "a"
  memplan.opaque ins(%a : memref<24xi8>) outs(%y : memref<8xi8>) node "use"
  func.return
}
