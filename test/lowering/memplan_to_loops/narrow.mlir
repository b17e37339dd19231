// RUN: tinyml-opt -p convert-memplan-to-loops %s | filecheck %s

// Sums of hardware have the bits that their results take: fewer than a zero point, of which the low bits do.

!x = memref<4x!fixed.q<i8, 2^-7 : 124>>
!w = memref<2x4x!fixed.q<i8, 2^-7 : -6>>

// CHECK-LABEL: func.func private @net_sum
// CHECK-DAG:  %[[TWO:.*]] = arith.constant -2 : i2
// CHECK:      %[[X:.*]] = arith.trunci %{{.*}} : i8 to i2
// CHECK-NEXT: %[[W:.*]] = arith.trunci %{{.*}} : i8 to i2
// CHECK-NEXT: %[[CENTERED:.*]] = arith.addi %[[W]], %[[TWO]] : i2
// CHECK-NEXT: arith.muli %[[X]], %[[CENTERED]] : i2
func.func @net(%x: !x, %w: !w, %y: memref<2xi8>) {
  fixed.contract ins(%x, %w : !x, !w) outs(%y : memref<2xi8>) domain <2 | 4>
    maps [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o, i)>, affine_map<(o, i) -> (o)>]
    zero_points <124, -6> acc i2 node "sum" {
  ^bb0(%acc: i2):
    %0 = fixed.extend %acc : i2 -> i8
    fixed.yield %0 : i8
  }
  func.return
}
