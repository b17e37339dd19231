// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | filecheck %s --check-prefix=GENERIC

// CHECK:      emitc.func @f(%v: i32, %u: ui8, %place: !emitc.ptr<i32>) {
emitc.func @f(%v: i32, %u: ui8, %place: !emitc.ptr<i32>) {
  %first = emitc.subscript %place[%v] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>
  // CHECK:      emitc.switch %v : i32
  // CHECK-NEXT: case 1 {
  // CHECK-NEXT:   emitc.assign %v : i32 to %first : <i32>
  // CHECK-NEXT:   emitc.yield
  // CHECK-NEXT: }
  // CHECK-NEXT: case -7 {
  // CHECK-NEXT:   emitc.yield
  // CHECK-NEXT: }
  // CHECK-NEXT: default {
  // CHECK-NEXT: }
  // GENERIC:      "emitc.switch"(%v) <{cases = array<i64: 1, -7>}> ({
  // GENERIC-NEXT:   "emitc.yield"() : () -> ()
  // GENERIC-NEXT: }, {
  // GENERIC-NEXT:   "emitc.assign"(%first, %v) : (!emitc.lvalue<i32>, i32) -> ()
  emitc.switch %v : i32 case 1 {
    emitc.assign %v : i32 to %first : <i32>
    emitc.yield
  } case -7 {
    emitc.yield
  } default { }
  // CHECK-NEXT: emitc.switch %u : ui8 {mcu.label = "kinds"}
  // CHECK-NEXT: default {
  // CHECK-NEXT:   emitc.verbatim "// none"
  // CHECK-NEXT: }
  emitc.switch %u : ui8 {mcu.label = "kinds"}
  default {
    emitc.verbatim "// none"
    emitc.yield
  }
  emitc.return
}
