// RUN: tinyml-opt -p convert-memplan-to-loops %s | filecheck %s

// A max pool starts from the least element; the dimension of size 1 has no loop.
// CHECK:      func.func private @pool_max(%in0: memref<1x4x4x2xi8>, %out: memref<1x2x2x2xi8>) attributes {{{.*}}} {
// CHECK:      scf.for %oh = %c0 to %c2 step %c1 {
// CHECK-NEXT:   %[[ROW:.*]] = arith.muli %oh, %c2 : index
// CHECK-NEXT:   scf.for %ow = %c0 to %c2 step %c1 {
// CHECK-NEXT:     %[[COLUMN:.*]] = arith.muli %ow, %c2 : index
// CHECK-NEXT:     scf.for %ch = %c0 to %c2 step %c1 {
// CHECK-NEXT:       %[[MAX:.*]] = scf.for %kh = %c0 to %c2 step %c1 iter_args(%acc = %cm128) -> (i8) {
// CHECK-NEXT:         %[[Y:.*]] = arith.addi %[[ROW]], %kh : index
// CHECK-NEXT:         scf.for %kw = %c0 to %c2 step %c1 iter_args(%[[INNER:.*]] = %acc) -> (i8) {
// CHECK-NEXT:           %[[X:.*]] = arith.addi %[[COLUMN]], %kw : index
// CHECK-NEXT:           %[[E:.*]] = memref.load %in0[%c0, %[[Y]], %[[X]], %ch] : memref<1x4x4x2xi8>
// CHECK-NEXT:           arith.maxsi %[[INNER]], %[[E]] : i8
// CHECK:            memref.store %[[MAX]], %out[%c0, %oh, %ow, %ch] : memref<1x2x2x2xi8>
func.func @pool(%x: memref<1x4x4x2xi8>, %y: memref<1x2x2x2xi8>) {
  fixed.reduce max ins(%x : memref<1x4x4x2xi8>) outs(%y : memref<1x2x2x2xi8>) domain <1, 2, 2, 2 | 2, 2>
    maps [affine_map<(n, h, w, c, i, j) -> (n, h * 2 + i, w * 2 + j, c)>,
          affine_map<(n, h, w, c, i, j) -> (n, h, w, c)>] zero_point <0> acc i8 node "max" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  func.return
}

// An argmax carries the best value and its place; a later equal does not replace it.
// CHECK:      func.func private @class_top(%in0: memref<1x10xi8>, %out: memref<1xi32>) attributes {{{.*}}} {
// CHECK:      %[[BEST:.*]], %[[AT:.*]] = scf.for %r = %[[ZERO:.*]] to %c10 step %c1
// CHECK-SAME:   iter_args(%acc = %cm128, %at = %{{.*}}) -> (i8, i32) {
// CHECK-NEXT:   %[[E:.*]] = memref.load %in0[%[[ZERO]], %r] : memref<1x10xi8>
// CHECK-NEXT:   %[[BETTER:.*]] = arith.cmpi sgt, %[[E]], %acc : i8
// CHECK-NEXT:   %[[HERE:.*]] = arith.index_cast %r : index to i32
// CHECK-NEXT:   %[[VALUE:.*]] = arith.select %[[BETTER]], %[[E]], %acc : i8
// CHECK-NEXT:   %[[PLACE:.*]] = arith.select %[[BETTER]], %[[HERE]], %at : i32
// CHECK-NEXT:   scf.yield %[[VALUE]], %[[PLACE]] : i8, i32
// CHECK-NEXT: } {mcu.label = "top_r"}
// CHECK-NEXT: memref.store %[[AT]], %out[%[[ZERO]]] : memref<1xi32>
func.func @class(%x: memref<1x10xi8>, %y: memref<1xi32>) {
  fixed.reduce argmax ins(%x : memref<1x10xi8>) outs(%y : memref<1xi32>) domain <1 | 10>
    maps [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>] zero_point <0> acc i32 node "top" {
  ^bb0(%i: i32):
    fixed.yield %i : i32
  }
  func.return
}
