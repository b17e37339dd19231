// RUN: tinyml-opt -p 'memplan-schedule' --split-input-file %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-schedule,memplan-place,memplan-check' --split-input-file %s | filecheck %s --check-prefix=PLACED

// Two branches, each wide and then narrow: one after the other, only one wide buffer is alive at a time. Definitions
// move to their first use.
// CHECK-LABEL: func.func @branches
// CHECK-SAME:    memplan.schedule = {peak = 24 : i64, given_peak = 42 : i64, lower_bound = 24 : i64, method = "exact"}
// CHECK-NEXT:  %wide0 = memplan.buffer
// CHECK-NEXT:  {{.*}} node "widen0"
// CHECK-NEXT:  %flat0 = memplan.alias %wide0
// CHECK-NEXT:  %narrow0 = memplan.buffer
// CHECK-NEXT:  {{.*}} node "narrow0"
// CHECK-NEXT:  %wide1 = memplan.buffer
// CHECK-NEXT:  {{.*}} node "widen1"
// CHECK-NEXT:  %narrow1 = memplan.buffer
// CHECK-NEXT:  {{.*}} node "narrow1"
// CHECK-NEXT:  {{.*}} node "add"
// PLACED-LABEL: func.func @branches
// The arena is 2 bytes larger: offsets are multiples of 4.
// PLACED-SAME:    memplan.plan = {peak = 26 : i64
func.func @branches(%x: memref<8xi8>, %y: memref<2xi8>) {
  %wide0 = memplan.buffer : memref<4x5xi8>
  %wide1 = memplan.buffer : memref<20xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%wide0 : memref<4x5xi8>) node "widen0"
  memplan.opaque ins(%x : memref<8xi8>) outs(%wide1 : memref<20xi8>) node "widen1"
  %narrow0 = memplan.buffer : memref<2xi8>
  %narrow1 = memplan.buffer : memref<2xi8>
  %flat0 = memplan.alias %wide0 at 0 : memref<4x5xi8> -> memref<20xi8>
  memplan.opaque ins(%flat0 : memref<20xi8>) outs(%narrow0 : memref<2xi8>) node "narrow0"
  memplan.opaque ins(%wide1 : memref<20xi8>) outs(%narrow1 : memref<2xi8>) node "narrow1"
  memplan.opaque ins(%narrow0, %narrow1 : memref<2xi8>, memref<2xi8>) outs(%y : memref<2xi8>) node "add"
  func.return
}

// -----

// A chain has one order: nothing moves, not even definitions.
// CHECK-LABEL: func.func @chain
// CHECK-SAME:    memplan.schedule = {peak = 12 : i64, given_peak = 12 : i64, lower_bound = 12 : i64, method = "given"}
// CHECK-NEXT:  %a = memplan.buffer
// CHECK-NEXT:  %b = memplan.buffer
// CHECK-NEXT:  {{.*}} node "a"
// CHECK-NEXT:  {{.*}} node "b"
// CHECK-NEXT:  {{.*}} node "c"
func.func @chain(%x: memref<8xi8>, %y: memref<2xi8>) {
  %a = memplan.buffer : memref<8xi8>
  %b = memplan.buffer : memref<4xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a : memref<8xi8>) node "a"
  memplan.opaque ins(%a : memref<8xi8>) outs(%b : memref<4xi8>) node "b"
  memplan.opaque ins(%b : memref<4xi8>) outs(%y : memref<2xi8>) node "c"
  func.return
}

// -----

// Writers and readers of the same bytes, also of the caller's, keep their order.
// CHECK-LABEL: func.func @same_bytes
// CHECK-SAME:    method = "given"
// CHECK:       node "first"
// CHECK:       node "read"
// CHECK:       node "second"
// CHECK:       node "read_again"
func.func @same_bytes(%x: memref<8xi8>, %y: memref<4xi8>) {
  %joined = memplan.buffer : memref<8xi8>
  %half = memplan.alias %joined at 4 : memref<8xi8> -> memref<4xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%joined : memref<8xi8>) node "first"
  memplan.opaque ins(%joined : memref<8xi8>) outs(%y : memref<4xi8>) node "read"
  memplan.opaque ins(%x : memref<8xi8>) outs(%half : memref<4xi8>) node "second"
  memplan.opaque ins(%half : memref<4xi8>) outs(%y : memref<4xi8>) node "read_again"
  func.return
}

// -----

// Placed already: offsets hold for this order only.
// CHECK-LABEL: func.func @placed(%x: memref<8xi8>, %y: memref<8xi8>) {
// CHECK-NOT:   memplan.schedule
func.func @placed(%x: memref<8xi8>, %y: memref<8xi8>) {
  %arena = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
  %a = memplan.view %arena at 0 : memref<8xi8> -> memref<8xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a : memref<8xi8>) node "a"
  memplan.opaque ins(%a : memref<8xi8>) outs(%y : memref<8xi8>) node "b"
  func.return
}
