// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// CHECK-LABEL: func.func @sum
func.func @sum(%x: memref<4x3xi8>, %s: memref<3xi8>) {
  // CHECK-NEXT: memplan.loop 4 along <0> node "sum" {
  memplan.loop 4 along <0> node "sum" {
    // CHECK-NEXT: fixed.map ins(%x, %s : memref<4x3xi8>, memref<3xi8>) outs(%s : memref<3xi8>) domain <4, 3>
    fixed.map ins(%x, %s : memref<4x3xi8>, memref<3xi8>) outs(%s : memref<3xi8>) domain <4, 3>
        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d1)>] {
    ^bb0(%a: i8, %b: i8):
      %m = arith.maxsi %a, %b : i8
      fixed.yield %m : i8
    }
  // CHECK: }
  }
  func.return
}

// CHECK-LABEL: func.func @nested
func.func @nested(%x: memref<2x4x3xi8>, %s: memref<3xi8>, %y: memref<2x3xi8>) {
  %b = memplan.buffer : memref<3xi8>
  // CHECK: memplan.loop 2 along <0, -1, 0> {
  memplan.loop 2 along <0, -1, 0> {
    // CHECK-NEXT: memplan.loop 4 along <1, -1> {
    memplan.loop 4 along <1, -1> {
      fixed.map ins(%x : memref<2x4x3xi8>) outs(%b : memref<3xi8>) domain <2, 4, 3>
          maps [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d2)>] {
      ^bb0(%a: i8):
        fixed.yield %a : i8
      }
      fixed.map ins(%b : memref<3xi8>) outs(%s : memref<3xi8>) domain <3>
          maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
      ^bb0(%a: i8):
        fixed.yield %a : i8
      }
      // CHECK: memplan.retire %b : memref<3xi8>
      memplan.retire %b : memref<3xi8>
    }
    fixed.map ins(%s : memref<3xi8>) outs(%y : memref<2x3xi8>) domain <2, 3>
        maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
    ^bb0(%a: i8):
      fixed.yield %a : i8
    }
  }
  func.return
}
