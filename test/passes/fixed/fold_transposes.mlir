// RUN: tinyml-opt -p 'fixed-fold-transposes' %s --split-input-file | filecheck %s

!nchw = tensor<1x2x4x3x!fixed.q<i8, 2^-4>>
!nhwc = tensor<1x4x3x2x!fixed.q<i8, 2^-4>>

// A pool on NHWC between transposes, then a map on NCHW: the map and both ports move to NHWC.
// CHECK-LABEL: func.func @pool_then_relu(%x: tensor<1x4x3x2x!fixed.q<i8, 2^-4>>) -> tensor<1x4x3x2x!fixed.q<i8, 2^-4>>
// CHECK-SAME: fixed.inputs = [#fixed.port<"x", tensor<1x2x4x3x!fixed.q<i8, 2^-4>>, permutation <0, 2, 3, 1>>]
// CHECK-SAME: fixed.outputs = [#fixed.port<"y", tensor<1x2x4x3x!fixed.q<i8, 2^-4>>, permutation <0, 2, 3, 1>>]
func.func @pool_then_relu(%x: !nchw) -> !nchw attributes {
  fixed.inputs = [#fixed.port<"x", tensor<1x2x4x3x!fixed.q<i8, 2^-4>>, permutation <0, 1, 2, 3>>],
  fixed.outputs = [#fixed.port<"y", tensor<1x2x4x3x!fixed.q<i8, 2^-4>>, permutation <0, 1, 2, 3>>]
} {
  %in = fixed.map ins(%x : !nchw) domain <1, 4, 3, 2>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d3, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nhwc
  // CHECK-NEXT: %[[POOL:.*]] = fixed.reduce max ins(%x : tensor<1x4x3x2x
  %pool = fixed.reduce max ins(%in : !nhwc) domain <1, 4, 3, 2 | 1>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 + d4, d2, d3)>,
            affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>] zero_point <0> acc i8 {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nhwc
  %out = fixed.map ins(%pool : !nhwc) domain <1, 2, 4, 3>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nchw
  // CHECK: %[[RELU:.*]] = fixed.map ins(%[[POOL]] : tensor<1x4x3x2x{{.*}}>) domain <1, 4, 3, 2>
  // CHECK-SAME: maps [affine_map<(d0, d1, d2, d3) -> (0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>]
  // CHECK-NEXT: ^bb0
  // CHECK-NEXT: fixed.saturate
  %relu = fixed.map ins(%out : !nchw) domain <1, 2, 4, 3>
      maps [affine_map<(d0, d1, d2, d3) -> (0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    %v = fixed.saturate %e to [0, 127] : i8 -> i8
    fixed.yield %v : i8
  } -> !nchw
  // CHECK: func.return %[[RELU]] : tensor<1x4x3x2x
  func.return %relu : !nchw
}

// -----

!nhwc = tensor<1x1x3x2x!fixed.q<i8, 2^-4>>
!nchw = tensor<1x2x1x3x!fixed.q<i8, 2^-4>>
!flat = tensor<1x6x!fixed.q<i8, 2^-4>>

// A transpose before a flatten moves into the weights of the dense layer: their rows were (c, w), now (w, c).
// CHECK-LABEL: func.func @flatten
func.func @flatten(%x: !nhwc) -> tensor<1x1xi32> {
  %out = fixed.map ins(%x : !nhwc) domain <1, 2, 1, 3>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nchw
  // CHECK-NEXT: %[[FLAT:.*]] = fixed.reshape %x
  // CHECK-NEXT: %[[W:.*]] = fixed.constant dense<{{\[\[}}1, 4, 2, 5, 3, 6]]> : tensor<1x6xi8>
  %flat = fixed.reshape %out : !nchw -> !flat
  %w = fixed.constant dense<[[1, 2, 3, 4, 5, 6]]> : tensor<1x6xi8> as tensor<1x6xi8>
  // CHECK-NEXT: fixed.contract ins(%[[FLAT]], %[[W]] :
  %y = fixed.contract ins(%flat, %w : !flat, tensor<1x6xi8>) domain <1, 1 | 6>
      maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>,
            affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  } -> tensor<1x1xi32>
  func.return %y : tensor<1x1xi32>
}

// -----

// Transposes of constants are done now.
// CHECK-LABEL: func.func @constant
func.func @constant() -> tensor<3x2xi8> {
  // CHECK-NEXT: %[[C:.*]] = fixed.constant dense<{{\[\[}}1, 4], [2, 5], [3, 6]]> : tensor<3x2xi8> as tensor<3x2xi8>
  // CHECK-NEXT: func.return %[[C]]
  %c = fixed.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8> as tensor<2x3xi8>
  %t = fixed.map ins(%c : tensor<2x3xi8>) domain <3, 2>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<3x2xi8>
  func.return %t : tensor<3x2xi8>
}

// -----

// Without ports nothing may change at the ends: the access maps of the neighbours absorb the transposes. Where only
// dimensions of size 1 move, nothing has to.
// CHECK-LABEL: func.func @no_ports
func.func @no_ports(%x: tensor<2x3xi8>, %z: tensor<1x3xi8>) -> (tensor<2xi8>, tensor<3x1xi8>) {
  // CHECK-NEXT: %[[MAX:.*]] = fixed.reduce max ins(%x : tensor<2x3xi8>) domain <2 | 3>
  // CHECK-SAME: maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>]
  // CHECK: %[[FLAT:.*]] = fixed.reshape %z : tensor<1x3xi8> -> tensor<3x1xi8>
  // CHECK-NEXT: func.return %[[MAX]], %[[FLAT]]
  %t = fixed.map ins(%x : tensor<2x3xi8>) domain <3, 2>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<3x2xi8>
  %m = fixed.reduce max ins(%t : tensor<3x2xi8>) domain <2 | 3>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i8 {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<2xi8>
  %u = fixed.map ins(%z : tensor<1x3xi8>) domain <3, 1>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<3x1xi8>
  func.return %m, %u : tensor<2xi8>, tensor<3x1xi8>
}

// -----

// A transpose between an argument and a result that have no ports has to stay.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: tensor<2x3xi8>) -> tensor<3x2xi8> {
  // CHECK-NEXT: fixed.map ins(%x : tensor<2x3xi8>) domain <3, 2>
  %t = fixed.map ins(%x : tensor<2x3xi8>) domain <3, 2>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<3x2xi8>
  func.return %t : tensor<3x2xi8>
}

// -----

!nchw = tensor<1x2x4x3x!fixed.q<i8, 2^-4>>
!nhwc = tensor<1x4x3x2x!fixed.q<i8, 2^-4>>
!padded = tensor<1x2x5x3x!fixed.q<i8, 2^-4>>
!stored = tensor<1x5x3x2x!fixed.q<i8, 2^-4>>

// Margins move with the dimensions that they belong to: padding is computed on what the layers store.
// CHECK-LABEL: func.func @padding(%x: tensor<1x4x3x2x!fixed.q<i8, 2^-4>>) -> tensor<1x5x3x2x!fixed.q<i8, 2^-4>>
func.func @padding(%x: !nhwc) -> !padded attributes {
  fixed.inputs = [#fixed.port<"x", !nhwc, permutation <0, 1, 2, 3>>],
  fixed.outputs = [#fixed.port<"y", !padded, permutation <0, 1, 2, 3>>]
} {
  // CHECK-NEXT: %[[POOL:.*]] = fixed.reduce max
  %pool = fixed.reduce max ins(%x : !nhwc) domain <1, 4, 3, 2 | 1>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 + d4, d2, d3)>,
            affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>] zero_point <0> acc i8 {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nhwc
  %in = fixed.map ins(%pool : !nhwc) domain <1, 2, 4, 3>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nchw
  // CHECK: %[[PAD:.*]] = fixed.reduce sum ins(%[[POOL]] : tensor<1x4x3x2x{{.*}}>) domain <1, 5, 3, 2 | 1>
  // CHECK-SAME: maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, ((d1 + d4) + -1), d2, d3)>,
  // CHECK-SAME: affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>]
  %pad = fixed.reduce sum ins(%in : !nchw) domain <1, 2, 5, 3 | 1>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2 + d4 - 1, d3)>,
            affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>] zero_point <0> acc i32 {
  ^bb0(%a: i32):
    %v = fixed.saturate %a to [-128, 127] : i32 -> i8
    fixed.yield %v : i8
  } -> !padded
  // CHECK: func.return %[[PAD]]
  func.return %pad : !padded
}

// -----

!nchw = tensor<1x2x4x3x!fixed.q<i8, 2^-4>>
!nhwc = tensor<1x4x3x2x!fixed.q<i8, 2^-4>>

// Parts that are stored channels last are joined and cut there; a constant is stored like the others.
// CHECK-LABEL: func.func @joins
func.func @joins(%x: !nchw) -> tensor<1x1x2x3x!fixed.q<i8, 2^-4>> attributes {
  fixed.inputs = [#fixed.port<"x", !nchw, permutation <0, 1, 2, 3>>],
  fixed.outputs = [#fixed.port<"y", tensor<1x1x2x3x!fixed.q<i8, 2^-4>>, permutation <0, 1, 2, 3>>]
} {
  %in = fixed.map ins(%x : !nchw) domain <1, 4, 3, 2>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d3, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nhwc
  // CHECK: %[[POOL:.*]] = fixed.reduce max
  %pool = fixed.reduce max ins(%in : !nhwc) domain <1, 4, 3, 2 | 1>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 + d4, d2, d3)>,
            affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>] zero_point <0> acc i8 {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nhwc
  %out = fixed.map ins(%pool : !nhwc) domain <1, 2, 4, 3>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nchw
  // CHECK: %[[C:.*]] = fixed.constant dense<1> : tensor<1x4x3x2xi8>
  %c = fixed.constant dense<1> : tensor<1x2x4x3xi8> as !nchw
  // CHECK: %[[BOTH:.*]] = fixed.concat %[[POOL]], %[[C]] along 3
  %both = fixed.concat %out, %c along 1 : !nchw, !nchw -> tensor<1x4x4x3x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: %[[CUT:.*]] = fixed.slice %[[BOTH]] at <0, 2, 0, 1> : {{.*}} -> tensor<1x2x3x1x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: func.return %[[CUT]]
  %cut = fixed.slice %both at <0, 1, 2, 0> : tensor<1x4x4x3x!fixed.q<i8, 2^-4>> -> tensor<1x1x2x3x!fixed.q<i8, 2^-4>>
  func.return %cut : tensor<1x1x2x3x!fixed.q<i8, 2^-4>>
}

// -----

!nhwc = tensor<1x4x3x6x!fixed.q<i8, 2^-4>>
!nchw = tensor<1x6x4x3x!fixed.q<i8, 2^-4>>
!split = tensor<1x2x3x4x3x!fixed.q<i8, 2^-4>>
!moved = tensor<1x3x2x4x3x!fixed.q<i8, 2^-4>>

// A channel shuffle between transposes: both reshapes and the transpose of channels are left, on NHWC.
// CHECK-LABEL: func.func @shuffle
func.func @shuffle(%x: !nhwc) -> !nhwc {
  %in = fixed.map ins(%x : !nhwc) domain <1, 6, 4, 3>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nchw
  // CHECK-NEXT: %[[SPLIT:.*]] = fixed.reshape %x : {{.*}} -> tensor<1x4x3x2x3x
  %split = fixed.reshape %in : !nchw -> !split
  // CHECK-NEXT: %[[MOVED:.*]] = fixed.map ins(%[[SPLIT]] : {{.*}}) domain <1, 4, 3, 3, 2>
  %moved = fixed.map ins(%split : !split) domain <1, 3, 2, 4, 3>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, d1, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !moved
  // CHECK: %[[Y:.*]] = fixed.reshape %[[MOVED]] : {{.*}} -> tensor<1x4x3x6x
  %merged = fixed.reshape %moved : !moved -> !nchw
  %y = fixed.map ins(%merged : !nchw) domain <1, 4, 3, 6>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d3, d1, d2)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nhwc
  // CHECK-NEXT: func.return %[[Y]]
  func.return %y : !nhwc
}

// -----

// Elements from constant places are taken from what is stored channels last, and stay so.
// CHECK-LABEL: func.func @through_a_move
func.func @through_a_move(%x: tensor<1x2x3x4x!fixed.q<i8, 2^-4>>) -> tensor<1x4x4x3x!fixed.q<i8, 2^-4>> {
  // CHECK-NEXT: %{{.*}} = fixed.map ins(%x : tensor<1x2x3x4x!fixed.q<i8, 2^-4>>) domain <1, 2, 2, 3, 4>
  // CHECK-SAME: maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d4, ((d1 * 2) + d2), d3)>]
  %0 = fixed.map ins(%x : tensor<1x2x3x4x!fixed.q<i8, 2^-4>>) domain <1, 4, 2, 3>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d2, d3, d1)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<1x4x2x3x!fixed.q<i8, 2^-4>>
  %1 = fixed.map ins(%0 : tensor<1x4x2x3x!fixed.q<i8, 2^-4>>) domain <1, 4, 2, 2, 3>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>,
            affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2 * 2 + d3, d4)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<1x4x4x3x!fixed.q<i8, 2^-4>>
  func.return %1 : tensor<1x4x4x3x!fixed.q<i8, 2^-4>>
}
