// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// CHECK:      emitc.func @operators(%a: i32, %b: i32, %c: i1, %w: i12) -> i32 {
emitc.func @operators(%a: i32, %b: i32, %c: i1, %w: i12) -> i32 {
  // CHECK-NEXT: %sum = emitc.add %a, %b : (i32, i32) -> i32
  %sum = emitc.add %a, %b : (i32, i32) -> i32
  // CHECK-NEXT: %difference = emitc.sub %a, %b : (i32, i32) -> i32
  %difference = emitc.sub %a, %b : (i32, i32) -> i32
  // CHECK-NEXT: %product = emitc.mul %a, %b : (i32, i32) -> i32
  %product = emitc.mul %a, %b : (i32, i32) -> i32
  // CHECK-NEXT: %quotient = emitc.div %a, %b : (i32, i32) -> i32
  %quotient = emitc.div %a, %b : (i32, i32) -> i32
  // CHECK-NEXT: %remainder = emitc.rem %a, %b : (i32, i32) -> i32
  %remainder = emitc.rem %a, %b : (i32, i32) -> i32
  // CHECK-NEXT: %and = emitc.bitwise_and %a, %b : (i32, i32) -> i32
  %and = emitc.bitwise_and %a, %b : (i32, i32) -> i32
  // CHECK-NEXT: %or = emitc.bitwise_or %a, %b : (i32, i32) -> i32
  %or = emitc.bitwise_or %a, %b : (i32, i32) -> i32
  // CHECK-NEXT: %xor = emitc.bitwise_xor %a, %b : (i32, i32) -> i32
  %xor = emitc.bitwise_xor %a, %b : (i32, i32) -> i32
  // CHECK-NEXT: %u = emitc.cast %a : i32 to ui32
  %u = emitc.cast %a : i32 to ui32
  // CHECK-NEXT: %left = emitc.bitwise_left_shift %u, %b : (ui32, i32) -> ui32
  %left = emitc.bitwise_left_shift %u, %b : (ui32, i32) -> ui32
  // CHECK-NEXT: %right = emitc.bitwise_right_shift %w, %b : (i12, i32) -> i12
  %right = emitc.bitwise_right_shift %w, %b : (i12, i32) -> i12
  // CHECK-NEXT: %minus = emitc.unary_minus %a : (i32) -> i32
  %minus = emitc.unary_minus %a : (i32) -> i32
  // CHECK-NEXT: %high = emitc.machine "multiply_high_add"(%a, %b, %sum) : (i32, i32, i32) -> i32
  %high = emitc.machine "multiply_high_add"(%a, %b, %sum) : (i32, i32, i32) -> i32
  // CHECK-NEXT: %byte = emitc.machine "saturate"(%high) immediates [6, 8] : (i32) -> i32
  %byte = emitc.machine "saturate"(%high) immediates [6, 8] : (i32) -> i32
  // CHECK-NEXT: %less = emitc.cmp lt, %a, %b : (i32, i32) -> i1
  %less = emitc.cmp lt, %a, %b : (i32, i32) -> i1
  // CHECK-NEXT: %both = emitc.logical_and %less, %c : i1, i1
  %both = emitc.logical_and %less, %c : i1, i1
  // CHECK-NEXT: %either = emitc.logical_or %both, %c : i1, i1
  %either = emitc.logical_or %both, %c : i1, i1
  // CHECK-NEXT: %chosen = emitc.conditional %either, %sum, %minus : i32
  %chosen = emitc.conditional %either, %sum, %minus : i32
  // CHECK-NEXT: emitc.return %chosen : i32
  emitc.return %chosen : i32
}
