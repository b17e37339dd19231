// RUN: tinyml-opt -p emitc-take-state %s | filecheck %s
// RUN: tinyml-opt -p emitc-take-state %s -t c | filecheck %s --check-prefix C
// RUN: tinyml-opt -p emitc-take-state %s -t header | filecheck %s --check-prefix HEADER

// What is written becomes a member of the caller's struct, what is constant stays.

emitc.global static @net_arena : !emitc.array<4xi8> {mcu.alignment = 4 : i64}
emitc.global static const @net_w : !emitc.array<2xi8> = dense<[3, 4]> {mcu.flash}

// CHECK:      emitc.global static @net_arena : !emitc.array<4xi8> {mcu.alignment = 4 : i64, mcu.state}
// CHECK-NEXT: emitc.global static const @net_w

// CHECK-NEXT: emitc.func @net_step(%out: !emitc.ptr<i8>) attributes {specifiers = ["static"]} {
emitc.func @net_step(%out: !emitc.ptr<i8>) attributes {specifiers = ["static"]} {
  %w = emitc.get_global @net_w : !emitc.array<2xi8>
  %0 = "emitc.constant"() <{value = 0 : i32}> : () -> i32
  %1 = emitc.subscript %w[%0] : (!emitc.array<2xi8>, i32) -> !emitc.lvalue<i8>
  %2 = emitc.load %1 : <i8>
  %3 = emitc.subscript %out[%0] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
  emitc.assign %2 : i8 to %3 : <i8>
  emitc.return
}

// CHECK:      emitc.func @net_run(%state: !emitc.ptr<!emitc.opaque<"net_state">> {mcu.state}, %y: !emitc.ptr<i8> {mcu.elements = 4 : i64}) {
// CHECK-NEXT:   %{{.*}} = emitc.member_of_ptr "arena" %state : (!emitc.ptr<!emitc.opaque<"net_state">>) -> !emitc.array<4xi8>
emitc.func @net_run(%y: !emitc.ptr<i8> {mcu.elements = 4}) {
  %arena = emitc.get_global @net_arena : !emitc.array<4xi8>
  %0 = "emitc.constant"() <{value = 1 : i32}> : () -> i32
  %1 = emitc.subscript %arena[%0] : (!emitc.array<4xi8>, i32) -> !emitc.lvalue<i8>
  %2 = emitc.load %1 : <i8>
  %3 = emitc.subscript %y[%0] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
  emitc.assign %2 : i8 to %3 : <i8>
  emitc.call @net_step(%y) : (!emitc.ptr<i8>) -> ()
  emitc.return
}

// C-NOT:  net_arena
// C:      void net_run(net_state *state, int8_t *y) {
// C-NEXT:   int8_t v0 = state->arena[1];
// C-NEXT:   y[1] = v0;
// C-NEXT:   net_step(y);

// HEADER:      typedef struct {
// HEADER-NEXT:   int8_t arena[4] __attribute__((aligned(4)));
// HEADER-NEXT: } net_state;
// HEADER:      void net_run(net_state *state, int8_t *y);
