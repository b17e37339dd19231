// RUN: tinyml-opt -p memplan-fuse-loops --split-input-file %s | filecheck %s

// The second loop reads in each round what the first has written in it: one slice of the stack is left. What stands
// between them comes first.
// CHECK-LABEL: func.func @layers
// CHECK:       %ys = memplan.buffer node "ys" : memref<1x2xi8>
// CHECK:       node "start"
// CHECK:       memplan.loop 5 along <0, -1> node "one" {
// CHECK:         outs(%ys : memref<1x2xi8>) domain <5, 2>
// CHECK-SAME:        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0, d1)>] node "first"
// CHECK:         fixed.map ins(%ys, %s : memref<1x2xi8>, memref<2xi8>) outs(%s : memref<2xi8>) domain <1, 2>
// CHECK-SAME:        node "second"
// CHECK-NOT:   memplan.loop
func.func @layers(%x: memref<5x2xi8>, %s: memref<2xi8>) {
  %ys = memplan.buffer node "ys" : memref<5x2xi8>
  memplan.loop 5 along <0> node "one" {
    fixed.map ins(%x : memref<5x2xi8>) outs(%ys : memref<5x2xi8>) domain <5, 2>
        maps [affine_map<(t, i) -> (t, i)>, affine_map<(t, i) -> (t, i)>] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  %zero = fixed.constant dense<0> : tensor<2xi8> as memref<2xi8, "flash">
  fixed.map ins(%zero : memref<2xi8, "flash">) outs(%s : memref<2xi8>) domain <2>
      maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "start" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.loop 5 along <0> node "two" {
    fixed.map ins(%ys, %s : memref<5x2xi8>, memref<2xi8>) outs(%s : memref<2xi8>) domain <5, 2>
        maps [affine_map<(t, i) -> (t, i)>, affine_map<(t, i) -> (i)>, affine_map<(t, i) -> (i)>] node "second" {
    ^bb0(%e: i8, %f: i8):
      %m = arith.maxsi %e, %f : i8
      fixed.yield %m : i8
    }
  }
  func.return
}

// -----

// The second loop begins with the last slice: it has to wait.
// CHECK-LABEL: func.func @reversed
// CHECK:       memplan.loop
// CHECK:       memplan.loop
func.func @reversed(%x: memref<5x2xi8>, %s: memref<2xi8>) {
  %ys = memplan.buffer node "ys" : memref<5x2xi8>
  memplan.loop 5 along <0> node "one" {
    fixed.map ins(%x : memref<5x2xi8>) outs(%ys : memref<5x2xi8>) domain <5, 2>
        maps [affine_map<(t, i) -> (t, i)>, affine_map<(t, i) -> (t, i)>] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  memplan.loop 5 along <0> node "two" {
    fixed.map ins(%ys : memref<5x2xi8>) outs(%s : memref<2xi8>) domain <5, 2>
        maps [affine_map<(t, i) -> (4 - t, i)>, affine_map<(t, i) -> (i)>] node "second" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// The second loop begins with the first one's last state: it has to wait.
// CHECK-LABEL: func.func @last_state
// CHECK:       memplan.loop
// CHECK:       node "hand_over"
// CHECK:       memplan.loop
func.func @last_state(%x: memref<5x2xi8>, %s: memref<2xi8>, %r: memref<2xi8>) {
  memplan.loop 5 along <0> node "one" {
    fixed.map ins(%x : memref<5x2xi8>) outs(%s : memref<2xi8>) domain <5, 2>
        maps [affine_map<(t, i) -> (t, i)>, affine_map<(t, i) -> (i)>] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  fixed.map ins(%s : memref<2xi8>) outs(%r : memref<2xi8>) domain <2>
      maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "hand_over" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  memplan.loop 5 along <-1> node "two" {
    fixed.map ins(%r : memref<2xi8>) outs(%r : memref<2xi8>) domain <2>
        maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "second" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}
