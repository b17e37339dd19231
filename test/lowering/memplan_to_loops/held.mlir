// RUN: tinyml-opt -p convert-memplan-to-loops %s | filecheck %s

// An index for each point: it is loaded where its loop is open, there is no loop over what it chooses from.
// CHECK:      func.func private @rows_sum(%in0: memref<9x4xi8>, %in1: memref<5xi8>, %out: memref<4xi32>) attributes {{{.*}}} {
// CHECK:      scf.for %[[C:.*]] = %{{.*}} to %c4 step %c1 {
// CHECK-NEXT:   %[[SUM:.*]] = scf.for %[[J:.*]] = %{{.*}} to %c5 step %c1 iter_args(%acc = %{{.*}}) -> (i32) {
// CHECK-NEXT:     %[[I:.*]] = memref.load %in1[%[[J]]] : memref<5xi8>
// CHECK-NEXT:     %[[WIDE:.*]] = arith.extui %[[I]] : i8 to i16
// CHECK-NEXT:     %[[ROW:.*]] = arith.index_cast %[[WIDE]] : i16 to index
// CHECK-NEXT:     memref.load %in0[%[[ROW]], %[[C]]] : memref<9x4xi8>
// CHECK:        memref.store %[[SUM]], %out[%[[C]]] : memref<4xi32>
func.func @rows(%x: memref<9x4xi8>, %i: memref<5x!fixed.q<ui8, 2^0>>, %y: memref<4xi32>) {
  fixed.reduce sum ins(%x : memref<9x4xi8>) outs(%y : memref<4xi32>) at <2>(%i : memref<5x!fixed.q<ui8, 2^0>>)
      by [affine_map<(d0, d1, d2) -> (d1)>] domain <4 | 5, 9>
      maps [affine_map<(d0, d1, d2) -> (d2, d0)>, affine_map<(d0, d1, d2) -> (d0)>]
      zero_point <0> acc i32 node "sum" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  func.return
}

// Of a maximum, whose rows only the indices tell apart, each is still looked at.
// CHECK:      func.func private @greatest_max(%in0: memref<9xi8>, %in1: memref<5xi8>, %out: memref<1xi8>) attributes {{{.*}}} {
// CHECK:      scf.for %{{.*}} = %{{.*}} to %c5 step %c1 iter_args(%acc = %cm128) -> (i8) {
func.func @greatest(%x: memref<9xi8>, %i: memref<5xi8>, %y: memref<1xi8>) {
  fixed.reduce max ins(%x : memref<9xi8>) outs(%y : memref<1xi8>) at <2>(%i : memref<5xi8>)
      by [affine_map<(d0, d1, d2) -> (d1)>] domain <1 | 5, 9>
      maps [affine_map<(d0, d1, d2) -> (d2)>, affine_map<(d0, d1, d2) -> (d0)>] zero_point <0> acc i8 node "max" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  func.return
}

// One index for all points is loaded once, before the loops that it moves.
// CHECK:      func.func private @matrix_product(%in0: memref<3xi8>, %in1: memref<7x2x3xi8>, %in2: memref<i8>, %out: memref<2xi32>) attributes {{{.*}}} {
// CHECK:      %[[I:.*]] = memref.load %in2[] : memref<i8>
// CHECK-NEXT: %[[N:.*]] = arith.index_cast %[[I]] : i8 to index
// CHECK-NEXT: scf.for %[[O:.*]] = %{{.*}} to %c2 step %c1 {
// CHECK:        memref.load %in1[%[[N]], %[[O]], %{{.*}}] : memref<7x2x3xi8>
func.func @matrix(%x: memref<3xi8>, %w: memref<7x2x3xi8>, %i: memref<i8>, %y: memref<2xi32>) {
  fixed.contract ins(%x, %w : memref<3xi8>, memref<7x2x3xi8>) outs(%y : memref<2xi32>) at <0>(%i : memref<i8>)
      by [affine_map<(d0, d1, d2) -> ()>] domain <7, 2 | 3>
      maps [affine_map<(d0, d1, d2) -> (d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>,
            affine_map<(d0, d1, d2) -> (d1)>] zero_points <0, 0> acc i32 node "product" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  func.return
}
