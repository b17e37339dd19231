// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

// CHECK:      emitc.include <"stdint.h">
emitc.include <"stdint.h">
// CHECK-NEXT: emitc.include "net.h"
emitc.include "net.h"
// CHECK-NEXT: emitc.global static @arena : !emitc.array<64xi8> {mcu.alignment = 4 : i64}
emitc.global static @arena : !emitc.array<64xi8> {mcu.alignment = 4 : i64}
// CHECK-NEXT: emitc.global static const @w : !emitc.array<3xi8> = dense<[1, -2, 3]> {mcu.flash}
emitc.global static const @w : !emitc.array<3xi8> = dense<[1, -2, 3]> {mcu.flash}

// CHECK-NEXT: emitc.func @fill(%x: !emitc.ptr<i8> {mcu.const}, %y: !emitc.ptr<i32>) attributes {specifiers = ["static"]} {
emitc.func @fill(%x: !emitc.ptr<i8> {mcu.const}, %y: !emitc.ptr<i32>) attributes {specifiers = ["static"]} {
  // CHECK-NEXT: %zero = "emitc.constant"() <{value = 0 : i32}> : () -> i32
  %zero = "emitc.constant"() <{value = 0 : i32}> : () -> i32
  // CHECK-NEXT: %one = "emitc.constant"() <{value = 1 : i32}> : () -> i32
  %one = "emitc.constant"() <{value = 1 : i32}> : () -> i32
  // CHECK-NEXT: %acc = "emitc.variable"() <{value = 0 : i32}> : () -> !emitc.lvalue<i32>
  %acc = "emitc.variable"() <{value = 0 : i32}> : () -> !emitc.lvalue<i32>
  // CHECK-NEXT: %buffer = "emitc.variable"() <{value = #emitc.opaque<"">}> : () -> !emitc.array<8xi12>
  %buffer = "emitc.variable"() <{value = #emitc.opaque<"">}> : () -> !emitc.array<8xi12>
  // CHECK-NEXT: %w = emitc.get_global @w : !emitc.array<3xi8>
  %w = emitc.get_global @w : !emitc.array<3xi8>
  // CHECK-NEXT: emitc.for %i = %zero to %one step %one : i32 {
  emitc.for %i = %zero to %one step %one : i32 {
    // CHECK-NEXT: emitc.verbatim "#pragma HLS PIPELINE II=1"
    emitc.verbatim "#pragma HLS PIPELINE II=1"
    // CHECK-NEXT: %element = emitc.subscript %x[%i] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
    %element = emitc.subscript %x[%i] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
    // CHECK-NEXT: %weight = emitc.subscript %w[%i] : (!emitc.array<3xi8>, i32) -> !emitc.lvalue<i8>
    %weight = emitc.subscript %w[%i] : (!emitc.array<3xi8>, i32) -> !emitc.lvalue<i8>
    // CHECK-NEXT: %sum = emitc.expression %acc, %element, %weight : (!emitc.lvalue<i32>, !emitc.lvalue<i8>, !emitc.lvalue<i8>) -> i32 {
    %sum = emitc.expression %acc, %element, %weight : (!emitc.lvalue<i32>, !emitc.lvalue<i8>, !emitc.lvalue<i8>) -> i32 {
      // CHECK-NEXT: %before = emitc.load %acc : <i32>
      %before = emitc.load %acc : <i32>
      %e = emitc.load %element : <i8>
      %k = emitc.load %weight : <i8>
      %p = emitc.mul %e, %k : (i8, i8) -> i8
      // CHECK:      %wide = emitc.cast %p : i8 to i32
      %wide = emitc.cast %p : i8 to i32
      %s = emitc.add %before, %wide : (i32, i32) -> i32
      // CHECK:      emitc.yield %s : i32
      emitc.yield %s : i32
    }
    // CHECK:      emitc.assign %sum : i32 to %acc : <i32>
    emitc.assign %sum : i32 to %acc : <i32>
  // CHECK-NEXT: } {mcu.label = "fill_i"}
  } {mcu.label = "fill_i"}
  // CHECK-NEXT: %minus = emitc.expression %zero noinline : (i32) -> i32 {
  %minus = emitc.expression %zero noinline : (i32) -> i32 {
    %m = emitc.unary_minus %zero : (i32) -> i32
    emitc.yield %m : i32
  }
  // CHECK:      %none = emitc.expression noinline : () -> i1 {
  %none = emitc.expression noinline : () -> i1 {
    %true = "emitc.constant"() <{value = true}> : () -> i1
    emitc.yield %true : i1
  }
  // CHECK:      emitc.if %none {
  emitc.if %none {
    emitc.verbatim "// yes"
  // CHECK:      } else {
  } else {
    emitc.verbatim "// no"
  }
  // CHECK-NEXT:   emitc.verbatim "// no"
  // CHECK-NEXT: }
  // CHECK-NEXT: emitc.if %none {
  // CHECK-NEXT: }
  emitc.if %none {
  }
  // CHECK-NEXT: emitc.return
  emitc.return
}

// CHECK:      emitc.func @net_run(%x: !emitc.ptr<ui8>) {
emitc.func @net_run(%x: !emitc.ptr<ui8>) {
  // CHECK-NEXT: %bits = emitc.cast %x {mcu.const} : !emitc.ptr<ui8> to !emitc.ptr<i8>
  %bits = emitc.cast %x {mcu.const} : !emitc.ptr<ui8> to !emitc.ptr<i8>
  %arena = emitc.get_global @arena : !emitc.array<64xi8>
  %at = "emitc.constant"() <{value = 16 : i32}> : () -> i32
  %place = emitc.subscript %arena[%at] : (!emitc.array<64xi8>, i32) -> !emitc.lvalue<i8>
  // CHECK:      %address = emitc.address_of %place : !emitc.lvalue<i8>
  %address = emitc.address_of %place : !emitc.lvalue<i8>
  // CHECK-NEXT: %words = emitc.cast %address : !emitc.ptr<i8> to !emitc.ptr<i32>
  %words = emitc.cast %address : !emitc.ptr<i8> to !emitc.ptr<i32>
  // CHECK-NEXT: emitc.call @fill(%bits, %words) : (!emitc.ptr<i8>, !emitc.ptr<i32>) -> ()
  emitc.call @fill(%bits, %words) : (!emitc.ptr<i8>, !emitc.ptr<i32>) -> ()
  // CHECK-NEXT: %word = emitc.call_opaque "tinyml_load_word"(%bits) : (!emitc.ptr<i8>) -> i32
  %word = emitc.call_opaque "tinyml_load_word"(%bits) : (!emitc.ptr<i8>) -> i32
  emitc.return
}
