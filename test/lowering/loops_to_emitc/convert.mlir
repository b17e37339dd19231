// RUN: tinyml-opt -p convert-loops-to-emitc %s | filecheck %s
// RUN: tinyml-opt -p convert-loops-to-emitc{index-bits=16} %s | filecheck %s --check-prefix=SHORT
// RUN: tinyml-opt -p convert-loops-to-emitc{signless-ports=true} %s | filecheck %s --check-prefix=SIGNLESS

// A matrix product with a bias: headers, globals, one expression per statement.

// CHECK:      emitc.include <"stdint.h">
// CHECK-NEXT: emitc.global static @net_arena : !emitc.array<64xi8> {mcu.alignment = 4 : i64}
"memref.global"() <{sym_name = "net_arena", sym_visibility = "private", type = memref<64xi8>, initial_value,
                    alignment = 4 : i64}> : () -> ()
// CHECK-NEXT: emitc.global static const @net_w : !emitc.array<6xi8> = dense<[1, 2, 3, -1, -2, -3]> {mcu.flash}
"memref.global"() <{sym_name = "net_w", sym_visibility = "private", type = memref<2x3xi8, "flash">,
                    initial_value = dense<[[1, 2, 3], [-1, -2, -3]]> : tensor<2x3xi8>, constant}> : () -> ()

// CHECK-NEXT: emitc.func @net_fc(%in: !emitc.ptr<i8> {mcu.const, mcu.elements = 3 : i64}, %out: !emitc.ptr<i32> {mcu.alias, mcu.elements = 2 : i64}) attributes {specifiers = ["static"]} {
func.func private @net_fc(%in: memref<1x3xi8>, %out: memref<1x2xi32>) {
  // CHECK-NEXT: %[[W:.*]] = emitc.get_global @net_w : !emitc.array<6xi8>
  %w = memref.get_global @net_w : memref<2x3xi8, "flash">
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %bias = arith.constant 5 : i32
  // CHECK:      emitc.for %oc = %{{.*}} to %{{.*}} step %{{.*}} : i32 {
  // SHORT:      emitc.for %oc = %{{.*}} to %{{.*}} step %{{.*}} : i16 {
  scf.for %oc = %c0 to %c2 step %c1 {
    // CHECK-NEXT: %acc = "emitc.variable"() <{value = 5 : i32}> : () -> !emitc.lvalue<i32>
    // CHECK:      emitc.for %ic
    %sum = scf.for %ic = %c0 to %c3 step %c1 iter_args(%acc = %bias) -> (i32) {
      // CHECK-NEXT: hls.pipeline ii 2
      hls.pipeline ii 2
      // CHECK-NEXT: %[[X:.*]] = emitc.subscript %in[%ic] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
      %x = memref.load %in[%c0, %ic] : memref<1x3xi8>
      // CHECK-NEXT: %[[AT:.*]] = emitc.expression %oc, %ic : (i32, i32) -> i32 {
      // CHECK-NEXT:   %[[THREE:.*]] = "emitc.constant"() <{value = 3 : i32}> : () -> i32
      // CHECK-NEXT:   %[[ROW:.*]] = emitc.mul %oc, %[[THREE]] : (i32, i32) -> i32
      // CHECK-NEXT:   %[[SUM:.*]] = emitc.add %[[ROW]], %ic : (i32, i32) -> i32
      // CHECK-NEXT:   emitc.yield %[[SUM]] : i32
      // CHECK-NEXT: }
      // CHECK-NEXT: %[[K:.*]] = emitc.subscript %[[W]][%[[AT]]] : (!emitc.array<6xi8>, i32) -> !emitc.lvalue<i8>
      %k = memref.load %w[%oc, %ic] : memref<2x3xi8, "flash">
      // CHECK-NEXT: %next = emitc.expression %acc, %[[X]], %[[K]]
      // CHECK-NEXT:   emitc.load %acc : <i32>
      // CHECK-NEXT:   %x = emitc.load %[[X]] : <i8>
      // CHECK-NEXT:   %[[WX:.*]] = emitc.cast %x : i8 to i32
      // CHECK-NEXT:   %k = emitc.load %[[K]] : <i8>
      // CHECK-NEXT:   %[[WK:.*]] = emitc.cast %k : i8 to i32
      // CHECK-NEXT:   emitc.mul %[[WX]], %[[WK]] : (i32, i32) -> i32
      // CHECK-NEXT:   emitc.add
      // CHECK-NEXT:   emitc.yield
      // CHECK-NEXT: }
      %wx = arith.extsi %x : i8 to i32
      %wk = arith.extsi %k : i8 to i32
      %product = arith.muli %wx, %wk : i32
      %next = arith.addi %acc, %product : i32
      // CHECK-NEXT: emitc.assign %next : i32 to %acc : <i32>
      // CHECK-NEXT: } {mcu.label = "fc_ic"}
      scf.yield %next : i32
    } {mcu.label = "fc_ic"}
    // CHECK-NEXT: %[[Y:.*]] = emitc.subscript %out[%oc] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>
    // CHECK-NEXT: %[[RESULT:.*]] = emitc.expression %acc : (!emitc.lvalue<i32>) -> i32 {
    // CHECK-NEXT:   %[[TOTAL:.*]] = emitc.load %acc : <i32>
    // CHECK-NEXT:   emitc.yield %[[TOTAL]] : i32
    // CHECK-NEXT: }
    // CHECK-NEXT: emitc.assign %[[RESULT]] : i32 to %[[Y]] : <i32>
    memref.store %sum, %out[%c0, %oc] : memref<1x2xi32>
  }
  func.return
}

// CHECK:    emitc.func @net_run(%image_in: !emitc.ptr<ui8> {mcu.const, mcu.elements = 3 : i64}, %scores_out: !emitc.ptr<i32> {mcu.elements = 2 : i64})
// CHECK-SAME: attributes {fixed.inputs = [#fixed.port<"image",
// SIGNLESS: emitc.func @net_run(%image_in: !emitc.ptr<i8> {mcu.const,
func.func @net(%x: memref<1x3xi8>, %y: memref<1x2xi32>) attributes {
    fixed.inputs = [#fixed.port<"image", tensor<1x3x!fixed.q<ui8, 2^-7 : 128>>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"scores", tensor<1x2x!fixed.q<i32, 2^-14>>, permutation <0, 1>>]} {
  // CHECK-NEXT: %image_in_1 = emitc.expression %image_in : (!emitc.ptr<ui8>) -> !emitc.ptr<i8> {
  // CHECK-NEXT:   %image_in_2 = emitc.cast %image_in {mcu.const} : !emitc.ptr<ui8> to !emitc.ptr<i8>
  %arena = memref.get_global @net_arena : memref<64xi8>
  // CHECK:      %[[ARENA:.*]] = emitc.get_global @net_arena : !emitc.array<64xi8>
  %offset = arith.constant 16 : index
  // CHECK-NEXT: %[[OFFSET:.*]] = "emitc.constant"() <{value = 16 : i32}> : () -> i32
  // CHECK-NEXT: %[[PLACE:.*]] = emitc.subscript %[[ARENA]][%[[OFFSET]]] : (!emitc.array<64xi8>, i32) -> !emitc.lvalue<i8>
  // CHECK-NEXT: %[[VIEW:.*]] = emitc.expression %[[PLACE]] : (!emitc.lvalue<i8>) -> !emitc.ptr<i32> {
  // CHECK-NEXT:   %[[BYTES:.*]] = emitc.address_of %[[PLACE]] : !emitc.lvalue<i8>
  // CHECK-NEXT:   %[[WORDS:.*]] = emitc.cast %[[BYTES]] {mcu.alias} : !emitc.ptr<i8> to !emitc.ptr<i32>
  // CHECK-NEXT:   emitc.yield %[[WORDS]] : !emitc.ptr<i32>
  // CHECK-NEXT: }
  %view = memref.view %arena[%offset][] : memref<64xi8> to memref<1x2xi32>
  // CHECK-NEXT: emitc.call @net_fc(%image_in_1, %[[VIEW]]) : (!emitc.ptr<i8>, !emitc.ptr<i32>) -> ()
  func.call @net_fc(%x, %view) : (memref<1x3xi8>, memref<1x2xi32>) -> ()
  // The caller knows plain types; HLS knows no others.
  // CHECK-NEXT: %scores_out_1 = emitc.expression %scores_out : (!emitc.ptr<i32>) -> !emitc.ptr<i32> {
  // CHECK-NEXT:   %scores_out_2 = emitc.cast %scores_out {mcu.alias} : !emitc.ptr<i32> to !emitc.ptr<i32>
  // CHECK-NEXT:   emitc.yield %scores_out_2 : !emitc.ptr<i32>
  // CHECK-NEXT: }
  // CHECK-NEXT: emitc.call @net_fc(%image_in_1, %scores_out_1) : (!emitc.ptr<i8>, !emitc.ptr<i32>) -> ()
  // SIGNLESS:   emitc.call @net_fc(%image_in, %scores_out) : (!emitc.ptr<i8>, !emitc.ptr<i32>) -> ()
  func.call @net_fc(%x, %y) : (memref<1x3xi8>, memref<1x2xi32>) -> ()
  // CHECK-NEXT: emitc.return
  func.return
}
