// RUN: tinyml-opt -p convert-memplan-to-loops %s | filecheck %s

// Sums of hardware have the bits that their results take: maybe fewer than a zero point, of which the low bits do.

!x = memref<4x!fixed.q<i16, 2^-7 : 1000>>
!w = memref<2x4x!fixed.q<i16, 2^-7 : -512>>

// CHECK-LABEL: func.func private @net_sum
// CHECK:      %[[X:.*]] = arith.trunci %{{.*}} : i16 to i8
// CHECK-NEXT: %[[CENTERED:.*]] = arith.subi %[[X]], %cm24 : i8
// CHECK-NEXT: %[[W:.*]] = arith.trunci %{{.*}} : i16 to i8
// CHECK-NEXT: arith.muli %[[CENTERED]], %[[W]] : i8
func.func @net(%x: !x, %w: !w, %y: memref<2xi8>) {
  fixed.contract ins(%x, %w : !x, !w) outs(%y : memref<2xi8>) domain <2 | 4>
    maps [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o, i)>, affine_map<(o, i) -> (o)>]
    zero_points <1000, -512> acc i8 node "sum" {
  ^bb0(%acc: i8):
    fixed.yield %acc : i8
  }
  func.return
}
