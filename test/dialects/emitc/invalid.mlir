// RUN: tinyml-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: the operands of emitc.add must have the result's type i32
%a, %b = "test.op"() : () -> (i32, i8)
%c = emitc.add %a, %b : (i32, i8) -> i32

// -----

// CHECK: cannot compare i32 with i8
%a, %b = "test.op"() : () -> (i32, i8)
%c = emitc.cmp lt, %a, %b : (i32, i8) -> i1

// -----

// CHECK: cannot cast !emitc.ptr<i8> to i32
%p = "test.op"() : () -> !emitc.ptr<i8>
%i = emitc.cast %p : !emitc.ptr<i8> to i32

// -----

// CHECK: an array of i8 casts only to a pointer to i8
%g = "test.op"() : () -> !emitc.array<4xi8>
%p = emitc.cast %g : !emitc.array<4xi8> to !emitc.ptr<i32>

// -----

// CHECK: the result of emitc.load in an expression must be used exactly once
%v = "test.op"() : () -> !emitc.lvalue<i32>
%e = emitc.expression %v : (!emitc.lvalue<i32>) -> i32 {
  %x = emitc.load %v : <i32>
  %s = emitc.add %x, %x : (i32, i32) -> i32
  emitc.yield %s : i32
}

// -----

// CHECK: emitc.verbatim cannot stand in an expression
%e = emitc.expression : () -> i32 {
  emitc.verbatim "f();"
  %x = "emitc.constant"() <{value = 1 : i32}> : () -> i32
  emitc.yield %x : i32
}

// -----

// CHECK: cannot assign i8 to !emitc.lvalue<i32>
%v, %x = "test.op"() : () -> (!emitc.lvalue<i32>, i8)
emitc.assign %x : i8 to %v : <i32>

// -----

// CHECK: a variable of type !emitc.array<4xi8> cannot start with 0 : i8
%v = "emitc.variable"() <{value = 0 : i8}> : () -> !emitc.array<4xi8>

// -----

// CHECK: the bounds, the step and the variable of a loop have one type
emitc.func @f(%a: i32, %s: i16) {
  "emitc.for"(%a, %a, %s) ({
  ^bb1(%i: i32):
    emitc.yield
  }) : (i32, i32, i16) -> ()
  emitc.return
}

// -----

// CHECK: @f has type (i32) -> (), called as (i8) -> ()
emitc.func @f(%x: i32) {
  emitc.return
}
emitc.func @g(%x: i8) {
  emitc.call @f(%x) : (i8) -> ()
  emitc.return
}

// -----

// CHECK: the body must end in emitc.return of the function's result
emitc.func @f(%x: i32) -> i32 {
  emitc.return
}

// -----

// CHECK: a const global needs a value
emitc.global static const @w : !emitc.array<4xi8>

// -----

// CHECK: an array has at least one dimension
emitc.global static @w : !emitc.array<0xi8>

// -----

// CHECK: has duplicate case value: 1
emitc.func @f(%v: i32) {
  emitc.switch %v : i32 case 1 { emitc.yield } case 1 { emitc.yield } default { }
  emitc.return
}

// -----

// CHECK: case 128 is no value of i8
emitc.func @f(%v: i8) {
  emitc.switch %v : i8 case 128 { emitc.yield } default { }
  emitc.return
}

// -----

// CHECK: case -1 is no value of ui8
emitc.func @f(%v: ui8) {
  emitc.switch %v : ui8 case -1 { emitc.yield } default { }
  emitc.return
}

// -----

// CHECK: has 2 case regions but 1 case values
emitc.func @f(%v: i8) {
  "emitc.switch"(%v) <{cases = array<i64: 2>}> ({ emitc.yield }, { emitc.yield }, { emitc.yield }) : (i8) -> ()
  emitc.return
}

// -----

// CHECK: each region of emitc.switch must end in emitc.yield of no value
emitc.func @f(%v: i8) {
  emitc.switch %v : i8 case 2 { emitc.yield } default { emitc.yield %v : i8 }
  emitc.return
}

// -----

// CHECK: emitc.verbatim terminates block in single-block region but is not a terminator
emitc.func @f(%v: i8) {
  emitc.switch %v : i8 case 2 { emitc.verbatim "f();" } default { }
  emitc.return
}

// -----

// CHECK: the regions of emitc.switch take no arguments
emitc.func @f(%v: i8) {
  emitc.switch %v : i8 case 2 { ^bb0(%x: i8): emitc.yield } default { }
  emitc.return
}

// -----

// CHECK: operand 'arg' at position 0 does not verify
emitc.func @f(%p: !emitc.ptr<i8>) {
  emitc.switch %p : !emitc.ptr<i8> default { }
  emitc.return
}

// -----

// CHECK: each region of emitc.switch must end in emitc.yield of no value
emitc.func @f(%v: i8) {
  emitc.switch %v : i8 case 2 { emitc.return } default { }
  emitc.return
}
