// RUN: tinyml-opt -p emitc-call-hooks %s | filecheck %s
// RUN: tinyml-opt -p emitc-call-hooks %s -t header | filecheck %s --check-prefix HEADER

// The function of a node is a layer; other functions are not.

emitc.func @net_fc() attributes {specifiers = ["static"], mcu.node = "fc \"1\"", mcu.computes = "1 of i8"} {
  emitc.return
}
emitc.func @net_helper() attributes {specifiers = ["static"]} {
  emitc.return
}
// CHECK:      emitc.func @net_run({{.*}}) attributes {mcu.hooks = ["fc {{.*}}"]} {
// CHECK-NEXT:   emitc.call @net_helper() : () -> ()
// CHECK-NEXT:   %{{.*}} = "emitc.constant"() <{value = 0 : i16}> : () -> i16
// CHECK-NEXT:   emitc.call_opaque "net_layer_begin"(%{{.*}}) : (i16) -> ()
// CHECK-NEXT:   emitc.call @net_fc() : () -> ()
// CHECK-NEXT:   emitc.call_opaque "net_layer_end"(%{{.*}}) : (i16) -> ()
// CHECK-NEXT:   emitc.return
emitc.func @net_run(%y: !emitc.ptr<i8> {mcu.elements = 1}) {
  emitc.call @net_helper() : () -> ()
  emitc.call @net_fc() : () -> ()
  emitc.return
}

// HEADER: #define NET_LAYERS 1
// HEADER: #define NET_LAYER_NAMES {"fc {{.*}}"}
// HEADER: void net_layer_begin(int16_t layer);
