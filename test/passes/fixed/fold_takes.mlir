// RUN: tinyml-opt -p fixed-fold-takes %s | filecheck %s

// The matrix that an index chooses is read where it lies: the contraction holds a dimension at the index.
// CHECK-LABEL: func.func @matrix
func.func @matrix(%z: tensor<1x10xi8>, %w: tensor<7x10x4xi8>, %i: tensor<i8>) -> tensor<1x4xi32> {
  // CHECK-NEXT: %{{.*}} = fixed.contract ins(%z, %w : tensor<1x10xi8>, tensor<7x10x4xi8>)
  // CHECK-SAME: at <2>(%i : tensor<i8>) by [affine_map<(d0, d1, d2, d3) -> ()>] domain <1, 4, 7 | 10>
  // CHECK-SAME: maps [affine_map<(d0, d1, d2, d3) -> (d0, d3)>, affine_map<(d0, d1, d2, d3) -> (d2, d3, d1)>,
  // CHECK-SAME: affine_map<(d0, d1, d2, d3) -> (d0, d1)>]
  %t = fixed.map ins(%w : tensor<7x10x4xi8>) at <2>(%i : tensor<i8>) by [affine_map<(d0, d1, d2) -> ()>]
      domain <10, 4, 7> maps [affine_map<(d0, d1, d2) -> (d2, d0, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<10x4xi8>
  %y = fixed.contract ins(%z, %t : tensor<1x10xi8>, tensor<10x4xi8>) domain <1, 4 | 10>
      maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>,
            affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  } -> tensor<1x4xi32>
  func.return %y : tensor<1x4xi32>
}

// Rows at several indices, summed: the index depends on the dimension that is summed, so the held one comes after it.
// CHECK-LABEL: func.func @rows
func.func @rows(%x: tensor<9x4xi8>, %i: tensor<5xi8>) -> tensor<4xi32> {
  // CHECK-NEXT: %{{.*}} = fixed.reduce sum ins(%x : tensor<9x4xi8>) at <2>(%i : tensor<5xi8>)
  // CHECK-SAME: by [affine_map<(d0, d1, d2) -> (d1)>] domain <4 | 5, 9>
  // CHECK-SAME: maps [affine_map<(d0, d1, d2) -> (d2, d0)>, affine_map<(d0, d1, d2) -> (d0)>]
  %t = fixed.map ins(%x : tensor<9x4xi8>) at <2>(%i : tensor<5xi8>) by [affine_map<(d0, d1, d2) -> (d0)>]
      domain <5, 4, 9> maps [affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<5x4xi8>
  %y = fixed.reduce sum ins(%t : tensor<5x4xi8>) domain <4 | 5>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i32 {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  } -> tensor<4xi32>
  func.return %y : tensor<4xi32>
}

// A reshape between them that only adds dimensions of size 1.
// CHECK-LABEL: func.func @vector
func.func @vector(%z: tensor<1x10xi8>, %w: tensor<7x10xi8>, %i: tensor<i8>) -> tensor<1x1xi32> {
  // CHECK-NEXT: %{{.*}} = fixed.contract ins(%z, %w : tensor<1x10xi8>, tensor<7x10xi8>) at <2>(%i : tensor<i8>)
  // CHECK-SAME: affine_map<(d0, d1, d2, d3) -> (d2, d3)>
  %t = fixed.map ins(%w : tensor<7x10xi8>) at <1>(%i : tensor<i8>) by [affine_map<(d0, d1) -> ()>]
      domain <10, 7> maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<10xi8>
  %r = fixed.reshape %t : tensor<10xi8> -> tensor<10x1xi8>
  %y = fixed.contract ins(%z, %r : tensor<1x10xi8>, tensor<10x1xi8>) domain <1, 1 | 10>
      maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>,
            affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  } -> tensor<1x1xi32>
  func.return %y : tensor<1x1xi32>
}

// A window that leaves what is taken, a map that does more than move, and a table stay as they are.
// CHECK-LABEL: func.func @others
func.func @others(%x: tensor<9x4xi8>, %i: tensor<i8>) -> (tensor<4xi8>, tensor<4xi8>) {
  // CHECK: fixed.map ins(%x : tensor<9x4xi8>) at <1>
  %t = fixed.map ins(%x : tensor<9x4xi8>) at <1>(%i : tensor<i8>) by [affine_map<(d0, d1) -> ()>] domain <4, 9>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<4xi8>
  // CHECK: fixed.reduce max ins(%{{.*}} : tensor<4xi8>) domain <4 | 3>
  %y = fixed.reduce max ins(%t : tensor<4xi8>) domain <4 | 3>
      maps [affine_map<(d0, d1) -> (d0 + d1 + -1)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i8 {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  } -> tensor<4xi8>
  // CHECK: fixed.map ins(%x : tensor<9x4xi8>) at <1>
  %u = fixed.map ins(%x : tensor<9x4xi8>) at <1>(%i : tensor<i8>) by [affine_map<(d0, d1) -> ()>] domain <4, 9>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] {
  ^bb0(%e: i8):
    %n = fixed.saturate %e to [0, 127] : i8 -> i8
    fixed.yield %n : i8
  } -> tensor<4xi8>
  // CHECK: fixed.map ins(%{{.*}} : tensor<4xi8>) domain <4>
  %z = fixed.map ins(%u : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<4xi8>
  func.return %y, %z : tensor<4xi8>, tensor<4xi8>
}
