// RUN: tinyml-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: dominance.mlir:[[# @LINE + 2]]:3: error: 'func.return': operand 0 is not defined before this op, or not visible here
func.func @later() -> i32 {
  func.return %0 : i32
  %0 = arith.constant 1 : i32
}

// -----

// A body sees its own arguments only.
// CHECK: 'fixed.yield': operand 0 is not defined before this op
func.func @outside(%x: tensor<4xi8>) {
  %c = arith.constant 1 : i8
  %y = fixed.map ins(%x : tensor<4xi8>) domain <4> maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
  ^bb0(%e: i8):
    fixed.yield %c : i8
  } -> tensor<4xi8>
  func.return
}

// -----

// CHECK: 'arith.addi': operand 0 is not defined before this op
func.func @itself(%a: i32) {
  %0 = arith.addi %0, %a : i32
  func.return
}

// -----

// What one op makes in a region another sees that stands behind it in there.
// CHECK: func.func @regions
func.func @regions(%condition: i1, %n: index) {
  scf.for %i = %n to %n step %n {
    scf.if %condition {
      "test.op"(%i, %condition) : (index, i1) -> ()
    }
  }
  func.return
}

// -----

// Blocks may jump in any order.
// CHECK: "test.op"
"test.op"() ({
^bb0:
  %0 = arith.constant 1 : i32
  "test.termop"() [^bb1] : () -> ()
^bb1:
  "test.termop"(%0) [^bb0] : (i32) -> ()
}) : () -> ()
