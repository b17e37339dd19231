// RUN: tinyml-opt -p memplan-schedule,memplan-stream,memplan-inplace,memplan-place,memplan-check %s | filecheck %s
// RUN: tinyml-opt -p memplan-input{by=rows} %s | filecheck %s --check-prefix=ROWS
// RUN: tinyml-opt -p memplan-input{by=steps} %s | filecheck %s --check-prefix=STEPS

// For the planners a loop is one step. What it carries (`s`, read before it is written) lives through it; `a` lives in
// a round, in bytes that `late` has afterwards.
// CHECK-LABEL: func.func @rnn
// CHECK-SAME:    memplan.plan = {peak = 8 : i64,
// CHECK:       %s = memplan.view %arena at [[S:[0-9]+]] node "s"
// CHECK:       memplan.loop 5 along <0, -1> node "time" {
// CHECK:         node "a"
// CHECK:         node "next"
// CHECK:         memplan.retire %a
// CHECK-NEXT:  }
// CHECK:       node "late"
// CHECK:       memplan.retire %s

// A round takes a row: no form copies it. In steps a round does what comes after the loop as well.
// ROWS:        memplan.input_rows = "time"
// ROWS-NOT:    node "input"
// STEPS:       memplan.input_steps = "time"
// STEPS:       memplan.loop 5 along <0, -1, -1, -1> node "time" {
// STEPS:         node "late" attributes {memplan.last}
// STEPS:         node "out" attributes {memplan.last}
// STEPS-NOT:   node
// STEPS:       func.return
func.func @rnn(%x: memref<5x4xi8>, %y: memref<4xi8>)
    attributes {fixed.inputs = [#fixed.port<"x", tensor<5x4xi8>, permutation <0, 1>>]} {
  %s = memplan.buffer node "s" : memref<4xi8>
  %a = memplan.buffer node "a" : memref<4xi8>
  %late = memplan.buffer node "late" : memref<4xi8>
  %zero = fixed.constant dense<0> : tensor<4xi8> as memref<4xi8, "flash">
  fixed.map ins(%zero : memref<4xi8, "flash">) outs(%s : memref<4xi8>) domain <4>
      maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "start" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.loop 5 along <0, -1> node "time" {
    fixed.map ins(%x, %s : memref<5x4xi8>, memref<4xi8>) outs(%a : memref<4xi8>) domain <5, 4>
        maps [affine_map<(t, i) -> (t, i)>, affine_map<(t, i) -> (3 - i)>, affine_map<(t, i) -> (i)>] node "a" {
    ^bb0(%e: i8, %f: i8):
      %m = arith.maxsi %e, %f : i8
      fixed.yield %m : i8
    }
    fixed.map ins(%a : memref<4xi8>) outs(%s : memref<4xi8>) domain <4>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "next" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  fixed.map ins(%s : memref<4xi8>) outs(%late : memref<4xi8>) domain <4>
      maps [affine_map<(i) -> (3 - i)>, affine_map<(i) -> (i)>] node "late" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%late : memref<4xi8>) outs(%y : memref<4xi8>) domain <4>
      maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "out" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}
