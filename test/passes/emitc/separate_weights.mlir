// RUN: tinyml-opt -p emitc-separate-weights %s -t c | filecheck %s
// RUN: tinyml-opt -p emitc-separate-weights %s -t weights | filecheck %s --check-prefix WEIGHTS
// RUN: tinyml-opt -p emitc-separate-weights %s -t weights-header | filecheck %s --check-prefix DECLARED

// Constants in flash change their file; what is written, and constants elsewhere, stay.

emitc.global static const @net_w : !emitc.array<2xi8> = dense<[3, -4]> {mcu.flash}
emitc.global static const @net_order : !emitc.array<2xi16> = dense<[0, 1]>
emitc.global static @net_arena : !emitc.array<4xi8>
emitc.func @net_run(%y: !emitc.ptr<i8> {mcu.elements = 1}) {
  emitc.return
}

// CHECK:     #include "net_weights.h"
// CHECK-NOT: net_w[
// CHECK:     static const int16_t net_order[2] = {
// CHECK:     static int8_t net_arena[4];

// WEIGHTS:      #include "net_weights.h"
// WEIGHTS:      const NET_FLASH int8_t net_w[2] = {
// WEIGHTS-NEXT:   3, -4,
// WEIGHTS-NOT:  net_order

// DECLARED:     #define NET_FLASH __flash
// DECLARED:     extern const NET_FLASH int8_t net_w[2];
// DECLARED-NOT: net_order
