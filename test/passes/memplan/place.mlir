// RUN: tinyml-opt -p 'memplan-place{alignment=1},memplan-check' --split-input-file %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-place{alignment=16}' --split-input-file %s | filecheck %s --check-prefix=ALIGNED

// A residual block: `a` lives until the addition, so `b` and `c` lie above it; the 2-byte `wide` comes when `b` is dead
// and takes its bytes.
// CHECK-LABEL: func.func @residual
// CHECK-SAME:    memplan.plan = {peak = 28 : i64, lower_bound = 28 : i64, proven = true, method = "greedy",
// CHECK-SAME:      step = "wide", live = ["a", "c", "wide"]}
// CHECK-NEXT:  %arena = memplan.arena size 28 align 2 in "sram" : memref<28xi8>
// CHECK-NEXT:  %a = memplan.view %arena at 16 node "a" : memref<28xi8> -> memref<8xi8>
// CHECK:       node "a"
// CHECK:       %b = memplan.view %arena at 0 node "b" : memref<28xi8> -> memref<2x4xi8>
// CHECK:       node "b"
// CHECK:       %c = memplan.view %arena at 24 node "c" : memref<28xi8> -> memref<4xi8>
// CHECK:       node "c"
// CHECK:       memplan.retire %b : memref<2x4xi8>
// CHECK-NEXT:  %wide = memplan.view %arena at 0 node "wide" : memref<28xi8> -> memref<8xi16>
// CHECK:       node "wide"
// CHECK:       memplan.retire %c : memref<4xi8>
// CHECK:       node "add"
// CHECK-DAG:   memplan.retire %a : memref<8xi8>
// CHECK-DAG:   memplan.retire %wide : memref<8xi16>

// The arena ends with the 4 bytes of `c`; their padding to 16 is not part of it.
// ALIGNED:      memplan.arena size 36 align 16
// ALIGNED:      memplan.view %arena at 0 node "a"
// ALIGNED:      memplan.view %arena at 16 node "b"
// ALIGNED:      memplan.view %arena at 32 node "c"
// ALIGNED:      memplan.view %arena at 16 node "wide"
func.func @residual(%x: memref<8xi8>, %y: memref<8xi8>) {
  %a = memplan.buffer node "a" : memref<8xi8>
  fixed.map ins(%x : memref<8xi8>) outs(%a : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "a" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %b = memplan.buffer node "b" : memref<2x4xi8>
  %flat = memplan.alias %b at 0 : memref<2x4xi8> -> memref<8xi8>
  fixed.map ins(%a : memref<8xi8>) outs(%flat : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "b" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %c = memplan.buffer node "c" : memref<4xi8>
  fixed.reduce max ins(%b : memref<2x4xi8>) outs(%c : memref<4xi8>) domain <4 | 2>
    maps [affine_map<(i, k) -> (k, i)>, affine_map<(i, k) -> (i)>] zero_point <0> acc i8 node "c" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %wide = memplan.buffer node "wide" : memref<8xi16>
  fixed.map ins(%c : memref<4xi8>) outs(%wide : memref<8xi16>) domain <2, 4>
    maps [affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (4 * i + j)>] node "wide" {
  ^bb0(%e: i8):
    %0 = fixed.extend %e : i8 -> i16
    fixed.yield %0 : i16
  }
  fixed.map ins(%a, %wide : memref<8xi8>, memref<8xi16>) outs(%y : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "add" {
  ^bb0(%e: i8, %f: i16):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// One step from input to output: there is nothing to place, and the plan says so.
// CHECK-LABEL: func.func @straight
// CHECK-SAME:    memplan.plan = {peak = 0 : i64, lower_bound = 0 : i64, proven = true, method = "greedy",
// CHECK-SAME:      step = "relu", live = []}
// CHECK-NEXT:  fixed.map
// CHECK-NOT:   memplan.
// ALIGNED-LABEL: func.func @straight
func.func @straight(%x: memref<8xi8>, %y: memref<8xi8>) {
  fixed.map ins(%x : memref<8xi8>) outs(%y : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "relu" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}
