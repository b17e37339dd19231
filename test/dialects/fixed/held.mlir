// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// One of seven matrices, chosen when the program runs: dimension 0 is not iterated.
// CHECK-LABEL: func.func @matrix
func.func @matrix(%z: tensor<1x10x!fixed.q<i8, 2^-4>>, %node: tensor<1xi8>) -> tensor<1x4xi32> {
  %w = fixed.constant dense<1> : tensor<7x10x4xi8> as tensor<7x10x4x!fixed.q<i8, 2^-7>>
  // CHECK: fixed.contract ins(%z, %w : tensor<1x10x!fixed.q<i8, 2^-4>>, tensor<7x10x4x!fixed.q<i8, 2^-7>>)
  // CHECK-SAME: at <0>(%node : tensor<1xi8>) by [affine_map<(d0, d1, d2) -> (0)>] domain <7, 4 | 10>
  %y = fixed.contract ins(%z, %w : tensor<1x10x!fixed.q<i8, 2^-4>>, tensor<7x10x4x!fixed.q<i8, 2^-7>>)
      at <0>(%node : tensor<1xi8>) by [affine_map<(d0, d1, d2) -> (0)>] domain <7, 4 | 10>
      maps [affine_map<(d0, d1, d2) -> (0, d2)>, affine_map<(d0, d1, d2) -> (d0, d2, d1)>,
            affine_map<(d0, d1, d2) -> (0, d1)>] zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  } -> tensor<1x4xi32>
  func.return %y : tensor<1x4xi32>
}

// An index for each point: the rows that 5 numbers choose, summed.
// CHECK-LABEL: func.func @rows
func.func @rows(%rows: tensor<9x4xi8>, %i: tensor<5x!fixed.q<ui8, 2^0>>) -> tensor<4xi32> {
  // CHECK: fixed.reduce sum ins(%rows : tensor<9x4xi8>) at <2>(%i : tensor<5x!fixed.q<ui8, 2^0>>) by
  // CHECK-SAME: [affine_map<(d0, d1, d2) -> (d1)>] domain <4 | 5, 9>
  %y = fixed.reduce sum ins(%rows : tensor<9x4xi8>) at <2>(%i : tensor<5x!fixed.q<ui8, 2^0>>)
      by [affine_map<(d0, d1, d2) -> (d1)>] domain <4 | 5, 9>
      maps [affine_map<(d0, d1, d2) -> (d2, d0)>, affine_map<(d0, d1, d2) -> (d0)>] zero_point <0> acc i32 {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  } -> tensor<4xi32>
  func.return %y : tensor<4xi32>
}
