// RUN: tinyml-opt -p 'fixed-fold-shuffles' %s --split-input-file | filecheck %s

!x = tensor<1x4x3x2x!fixed.q<i8, 2^-4>>
!nhwc = tensor<1x4x3x6x!fixed.q<i8, 2^-4>>
!split = tensor<1x4x3x2x3x!fixed.q<i8, 2^-4>>
!moved = tensor<1x4x3x3x2x!fixed.q<i8, 2^-4>>

// A shuffle of two groups of three channels. Dimension 3 counts channels: it is split, and the channel is stored at
// (channel in its group) * 2 + group. Nothing is left of the shuffle.
// CHECK-LABEL: func.func @shuffle
func.func @shuffle(%x: !x) -> !nhwc {
  // CHECK-NEXT: %[[Y:.*]] = fixed.map ins(%x : {{.*}}) domain <1, 4, 3, 2, 3> maps
  // CHECK-SAME: [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, 0)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, (d3 + (d4 * 2)))>]
  %y = fixed.map ins(%x : !x) domain <1, 4, 3, 6>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !nhwc
  %split = fixed.reshape %y : !nhwc -> !split
  %moved = fixed.map ins(%split : !split) domain <1, 4, 3, 3, 2>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !moved
  %z = fixed.reshape %moved : !moved -> !nhwc
  // CHECK: func.return %[[Y]]
  func.return %z : !nhwc
}

// -----

!half = tensor<1x4x3x3x!fixed.q<i8, 2^-4>>
!nhwc = tensor<1x4x3x6x!fixed.q<i8, 2^-4>>
!split = tensor<1x4x3x2x3x!fixed.q<i8, 2^-4>>
!moved = tensor<1x4x3x3x2x!fixed.q<i8, 2^-4>>

// Two branches interleaved, as in ShuffleNet v2: each is a part of one channel in two. What the caller has is copied.
// CHECK-LABEL: func.func @interleave
func.func @interleave(%x: !half) -> !nhwc {
  // CHECK: %[[A:.*]] = fixed.map ins(%x
  // CHECK: fixed.saturate
  // CHECK: -> tensor<1x4x3x3x1x!fixed.q<i8, 2^-4>>
  %a = fixed.map ins(%x : !half) domain <1, 4, 3, 3>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    %v = fixed.saturate %e to [0, 100] : i8 -> i8
    fixed.yield %v : i8
  } -> !half
  // CHECK: %[[X:.*]] = fixed.reshape %x : {{.*}} -> tensor<1x4x3x1x3x
  // CHECK: %[[B:.*]] = fixed.map ins(%[[X]]
  // CHECK: %[[BOTH:.*]] = fixed.concat %[[A]], %[[B]] along 4
  %both = fixed.concat %a, %x along 3 : !half, !half -> !nhwc
  %split = fixed.reshape %both : !nhwc -> !split
  %moved = fixed.map ins(%split : !split) domain <1, 4, 3, 3, 2>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !moved
  // CHECK: fixed.reshape %[[BOTH]] : tensor<1x4x3x3x2x{{.*}}> -> tensor<1x4x3x6x
  %z = fixed.reshape %moved : !moved -> !nhwc
  func.return %z : !nhwc
}

// -----

!nhwc = tensor<1x4x3x6x!fixed.q<i8, 2^-4>>
!split = tensor<1x4x3x2x3x!fixed.q<i8, 2^-4>>
!moved = tensor<1x4x3x3x2x!fixed.q<i8, 2^-4>>

// Others read what is shuffled, too: it stays as it is, and the shuffle is a copy.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: !nhwc) -> (!moved, !nhwc) {
  // CHECK-NEXT: %[[Y:.*]] = fixed.map ins(%x : {{.*}}) domain <1, 4, 3, 6>
  %y = fixed.map ins(%x : !nhwc) domain <1, 4, 3, 6>
      maps [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>] {
  ^bb0(%e: i8):
    %v = fixed.saturate %e to [0, 100] : i8 -> i8
    fixed.yield %v : i8
  } -> !nhwc
  // CHECK: fixed.reshape %[[Y]]
  %split = fixed.reshape %y : !nhwc -> !split
  // CHECK-NEXT: fixed.map {{.*}} domain <1, 4, 3, 3, 2>
  %moved = fixed.map ins(%split : !split) domain <1, 4, 3, 3, 2>
      maps [affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4, d3)>, affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !moved
  func.return %moved, %y : !moved, !nhwc
}
