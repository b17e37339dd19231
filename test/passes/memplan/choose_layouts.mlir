// RUN: tinyml-opt -p 'memplan-choose-layouts{core=avr least=8}' %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-choose-layouts{core=cortex-m4f least=8}' %s | filecheck %s --check-prefix=DENSE

// One weight in ten is not 0: distances of 4 bits take fewer bytes than distances of 8, and flags more.
// CHECK:      fixed.constant dense<{{.*}}> : tensor<2x40xi8> {node = "sparse", layout = #fixed.layout<nibbles along 1>}
// DENSE-NOT: layout

// None is 0, but 4 bits hold them all.
// CHECK:      {node = "narrow", layout = #fixed.layout<packed4 along 1>}

// What two forms read along different axes stays as it is, and so do weights without zeros.
// CHECK:      {node = "both_ways"} as
// CHECK:      {node = "full"} as
// CHECK-NOT:  layout

!x = memref<1x40xi8>
!w = memref<2x40xi8, "flash">
!y = memref<1x2xi32>
!z = memref<1x40xi32>
func.func @net(%x: !x, %y: !y, %z: !z) {
  %a = fixed.constant dense<[[0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]]> : tensor<2x40xi8> {node = "sparse"} as !w
  %b = fixed.constant dense<[[1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5]]> : tensor<2x40xi8> {node = "narrow"} as !w
  %c = fixed.constant dense<"0x0100000000000000000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000000000000000000000"> : tensor<2x40xi8> {node = "both_ways"} as !w
  %d = fixed.constant dense<"0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627280102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728"> : tensor<2x40xi8> {node = "full"} as !w
  fixed.contract ins(%x, %a : !x, !w) outs(%y : !y) domain <1, 2 | 40>
    maps [affine_map<(m, o, k) -> (m, k)>, affine_map<(m, o, k) -> (o, k)>, affine_map<(m, o, k) -> (m, o)>]
    zero_points <0, 0> acc i32 node "a" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  fixed.contract ins(%x, %b : !x, !w) outs(%y : !y) domain <1, 2 | 40>
    maps [affine_map<(m, o, k) -> (m, k)>, affine_map<(m, o, k) -> (o, k)>, affine_map<(m, o, k) -> (m, o)>]
    zero_points <5, 0> acc i32 node "b" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  fixed.contract ins(%x, %c : !x, !w) outs(%y : !y) domain <1, 2 | 40>
    maps [affine_map<(m, o, k) -> (m, k)>, affine_map<(m, o, k) -> (o, k)>, affine_map<(m, o, k) -> (m, o)>]
    zero_points <0, 0> acc i32 node "c" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  fixed.contract ins(%y, %c : !y, !w) outs(%z : !z) domain <1, 40 | 2>
    maps [affine_map<(m, o, k) -> (m, k)>, affine_map<(m, o, k) -> (k, o)>, affine_map<(m, o, k) -> (m, o)>]
    zero_points <0, 0> acc i32 node "c_too" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  fixed.contract ins(%x, %d : !x, !w) outs(%y : !y) domain <1, 2 | 40>
    maps [affine_map<(m, o, k) -> (m, k)>, affine_map<(m, o, k) -> (o, k)>, affine_map<(m, o, k) -> (m, o)>]
    zero_points <0, 0> acc i32 node "d" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  func.return
}
