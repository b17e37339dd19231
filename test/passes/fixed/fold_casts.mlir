// RUN: tinyml-opt -p fixed-fold-casts %s | filecheck %s

!a = tensor<1x4x!fixed.q<i8, 2^-4>>
!b = tensor<1x4x!fixed.q<i8, 2^-3 : 5>>
!at = tensor<4x1x!fixed.q<i8, 2^-4>>
!bt = tensor<4x1x!fixed.q<i8, 2^-3 : 5>>

// What computes a value writes it as it is read; a transpose between them stays one.
// CHECK-LABEL: func.func @written
func.func @written(%x: !a) -> !bt {
  // CHECK-NEXT: %[[m:.*]] = fixed.map ins(%x : tensor<1x4x!fixed.q<i8, 2^-4>>) {{.*}} node "m"
  // CHECK:      } -> tensor<1x4x!fixed.q<i8, 2^-3 : 5>>
  // CHECK-NEXT: fixed.map ins(%[[m]] : tensor<1x4x!fixed.q<i8, 2^-3 : 5>>)
  // CHECK:      } -> tensor<4x1x!fixed.q<i8, 2^-3 : 5>>
  // CHECK-NEXT: func.return
  %m = fixed.map ins(%x : !a) domain <4>
      maps [affine_map<(d0) -> (0, d0)>, affine_map<(d0) -> (0, d0)>] node "m" {
  ^bb0(%e: i8):
    %v = fixed.saturate %e to [0, 127] : i8 -> i8
    fixed.yield %v : i8
  } -> !a
  %t = fixed.map ins(%m : !a) domain <4, 1>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !at
  %c = fixed.reshape %t : !at -> !bt
  func.return %c : !bt
}

// A form reads what stands before the cast; the caller, who is no form, needs it.
// CHECK-LABEL: func.func @read
func.func @read(%x: !a) -> (!b, !b) {
  // CHECK-NEXT: %[[c:.*]] = fixed.reshape %x : tensor<1x4x!fixed.q<i8, 2^-4>> -> tensor<1x4x!fixed.q<i8, 2^-3 : 5>>
  // CHECK-NEXT: %[[m:.*]] = fixed.map ins(%x : tensor<1x4x!fixed.q<i8, 2^-4>>)
  // CHECK:      func.return %[[m]], %[[c]]
  %c = fixed.reshape %x : !a -> !b
  %m = fixed.map ins(%c : !b) domain <4>
      maps [affine_map<(d0) -> (0, d0)>, affine_map<(d0) -> (0, d0)>] node "m" {
  ^bb0(%e: i8):
    %v = fixed.saturate %e to [0, 127] : i8 -> i8
    fixed.yield %v : i8
  } -> !b
  func.return %m, %c : !b, !b
}

// Past a transpose and a reshape of the input, so that these reach it.
// CHECK-LABEL: func.func @sunk
func.func @sunk(%x: !a) -> tensor<4x!fixed.q<i8, 2^-3 : 5>> {
  // CHECK-NEXT: %[[t:.*]] = fixed.map ins(%x : tensor<1x4x!fixed.q<i8, 2^-4>>)
  // CHECK:      } -> tensor<4x1x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: %[[r:.*]] = fixed.reshape %[[t]] : {{.*}} -> tensor<4x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: %[[c:.*]] = fixed.reshape %[[r]] : {{.*}} -> tensor<4x!fixed.q<i8, 2^-3 : 5>>
  // CHECK-NEXT: func.return %[[c]]
  %c = fixed.reshape %x : !a -> !b
  %t = fixed.map ins(%c : !b) domain <4, 1>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !bt
  %r = fixed.reshape %t : !bt -> tensor<4x!fixed.q<i8, 2^-3 : 5>>
  func.return %r : tensor<4x!fixed.q<i8, 2^-3 : 5>>
}
