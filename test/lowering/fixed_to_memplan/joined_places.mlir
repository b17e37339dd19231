// RUN: tinyml-opt -p convert-fixed-to-memplan --split-input-file %s | filecheck %s

!q = !fixed.q<i8, 2^-4>
!two = tensor<1x3x2x!q>
!four = tensor<1x3x4x!q>
!six = tensor<1x3x6x!q>

// A concatenation of a concatenation is one buffer. Each part is written where it belongs, and the reader of the inner
// one reads a box of the outer one's buffer.
// CHECK-LABEL: func.func @chain
func.func @chain(%x: !two) -> !six attributes {
    fixed.inputs = [#fixed.port<"x", !two, permutation <0, 1, 2>>],
    fixed.outputs = [#fixed.port<"y", !six, permutation <0, 1, 2>>]} {
  // CHECK-NEXT: fixed.map ins(%x : {{.*}}) outs(%out : memref<1x3x6x!fixed.q<i8, 2^-4>>) domain <3, 2>
  // CHECK-SAME: affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>] node "a"
  %a = fixed.map ins(%x : !two) domain <3, 2>
    maps [affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>] node "a" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !two
  // CHECK: fixed.map ins(%x : {{.*}}) outs(%out : {{.*}}) domain <3, 2>
  // CHECK-SAME: affine_map<(d0, d1) -> (0, d0, (d1 + 2))>] node "b"
  %b = fixed.map ins(%x : !two) domain <3, 2>
    maps [affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>] node "b" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !two
  %ab = fixed.concat %a, %b along 2 : !two, !two -> !four
  // CHECK: fixed.reduce max ins(%out : {{.*}}) outs(%out : {{.*}}) domain <3, 2 | 3>
  // CHECK-SAME: maps [affine_map<(d0, d1, d2) -> (0, d0, (d1 + d2))>, affine_map<(d0, d1, d2) -> (0, d0, (d1 + 4))>]
  %c = fixed.reduce max ins(%ab : !four) domain <3, 2 | 3>
    maps [affine_map<(d0, d1, d2) -> (0, d0, d1 + d2)>, affine_map<(d0, d1, d2) -> (0, d0, d1)>]
    zero_point <0> acc i8 node "c" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  } -> !two
  // CHECK-NOT: fixed.map
  %y = fixed.concat %ab, %c along 2 : !four, !two -> !six
  func.return %y : !six
}

// -----

!q = !fixed.q<i8, 2^-4>
!two = tensor<1x3x2x!q>
!four = tensor<1x3x4x!q>

// What the caller owns is copied, and so is the second appearance of a value.
// CHECK-LABEL: func.func @copies
func.func @copies(%x: !two) -> (!four, !four) attributes {
    fixed.inputs = [#fixed.port<"x", !two, permutation <0, 1, 2>>],
    fixed.outputs = [#fixed.port<"y", !four, permutation <0, 1, 2>>, #fixed.port<"z", !four, permutation <0, 1, 2>>]} {
  // CHECK-NEXT: fixed.map ins(%x : {{.*}}) outs(%out1 : {{.*}}) {{.*}} node "a"
  %a = fixed.map ins(%x : !two) domain <3, 2>
    maps [affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>] node "a" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !two
  // CHECK:      fixed.map ins(%x : {{.*}}) outs(%out0 : memref<1x3x4x{{.*}}>) domain <1, 3, 2>
  // CHECK-SAME: affine_map<(d0, d1, d2) -> (d0, d1, d2)>] node "y.copy0"
  // CHECK:      fixed.map ins(%out1 : {{.*}}) outs(%out0 : {{.*}}) domain <1, 3, 2>
  // CHECK-SAME: affine_map<(d0, d1, d2) -> (d0, d1, (d2 + 2))>] node "y.copy1"
  %y = fixed.concat %x, %a along 2 {node = "y"} : !two, !two -> !four
  // CHECK:      fixed.map ins(%out1 : {{.*}}) outs(%out1 : {{.*}}) domain <1, 3, 2>
  // CHECK-SAME: affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, (d2 + 2))>] node "z.copy1"
  // CHECK-NOT: fixed.map
  %z = fixed.concat %a, %a along 2 {node = "z"} : !two, !two -> !four
  func.return %y, %z : !four, !four
}

// -----

!q = !fixed.q<i8, 2^-4>
!two = tensor<1x2x3x!q>
!four = tensor<1x4x3x!q>

// Along the outermost dimension a part is one block of bytes, under any shape. A slice is read where it lies, unless
// its reader pads: padding is not what lies beside the slice.
// CHECK-LABEL: func.func @blocks
func.func @blocks(%x: !four) -> (!four, tensor<1x4x1x!q>, tensor<1x4x2x!q>) attributes {
    fixed.inputs = [#fixed.port<"x", !four, permutation <0, 1, 2>>],
    fixed.outputs = [#fixed.port<"y", !four, permutation <0, 1, 2>>,
                     #fixed.port<"z", tensor<1x4x1x!q>, permutation <0, 1, 2>>,
                     #fixed.port<"w", tensor<1x4x2x!q>, permutation <0, 1, 2>>]} {
  // CHECK-NEXT: %half = memplan.alias %x at 6 : {{.*}} -> memref<1x2x3x!fixed.q<i8, 2^-4>>
  %half = fixed.slice %x at <0, 2, 0> : !four -> !two
  // CHECK-NEXT: %a = memplan.alias %out0 at 0 : {{.*}} -> memref<6x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: fixed.map ins(%half : {{.*}}) outs(%a : memref<6x
  %a = fixed.map ins(%half : !two) domain <2, 3>
    maps [affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (3 * d0 + d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<6x!q>
  %r = fixed.reshape %a : tensor<6x!q> -> !two
  // CHECK: node "y.copy1"
  %y = fixed.concat %r, %half along 1 {node = "y"} : !two, !two -> !four
  %right = fixed.slice %x at <0, 0, 1> {node = "cut"} : !four -> tensor<1x4x2x!q>
  // CHECK: fixed.reduce max ins(%x : {{.*}} maps [affine_map<(d0, d1) -> (0, d0, (d1 + 1))>,
  %z = fixed.reduce max ins(%right : tensor<1x4x2x!q>) domain <4 | 2>
    maps [affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, 0)>] zero_point <0> acc i8 {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  } -> tensor<1x4x1x!q>
  // CHECK: %[[DENSE:.*]] = memplan.buffer : memref<1x4x2x!fixed.q<i8, 2^-4>>
  // CHECK-NEXT: fixed.map ins(%x : {{.*}}) outs(%[[DENSE]] : {{.*}}) {{.*}} node "cut.dense"
  // CHECK: fixed.reduce max ins(%[[DENSE]] : {{.*}} maps [affine_map<(d0, d1, d2) -> (0, d0, ((d1 + d2) + -1))>,
  %w = fixed.reduce max ins(%right : tensor<1x4x2x!q>) domain <4, 2 | 3>
    maps [affine_map<(d0, d1, d2) -> (0, d0, d1 + d2 - 1)>, affine_map<(d0, d1, d2) -> (0, d0, d1)>]
    zero_point <0> acc i8 {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  } -> tensor<1x4x2x!q>
  func.return %y, %z, %w : !four, tensor<1x4x1x!q>, tensor<1x4x2x!q>
}
