// RUN: tinyml-opt -p 'emitc-choose-form{standard=c11}' %s -t c | filecheck %s --check-prefix C11
// RUN: tinyml-opt -p 'emitc-choose-form{standard=c99 single-file=true}' %s -t c | filecheck %s --check-prefix SINGLE
// RUN: tinyml-opt -p 'emitc-choose-form{standard=c99}' %s | filecheck %s
// RUN: not tinyml-opt -p 'emitc-choose-form{standard=c89}' %s 2>&1 | filecheck %s --check-prefix WRONG

// CHECK: builtin.module attributes {mcu.standard = "c99"} {

emitc.global static @net_arena : !emitc.array<4xi8> {mcu.alignment = 4 : i64}
emitc.func @net_run(%y: !emitc.ptr<i8> {mcu.elements = 1}) {
  emitc.return
}

// C11: _Alignas(4) static int8_t net_arena[4];

// SINGLE-NOT: #include "net.h"
// SINGLE:     #ifndef NET_H
// SINGLE:     static int8_t net_arena[4] __attribute__((aligned(4)));

// WRONG: standard is one of c99, c11, c++11, not c89
