// RUN: tinyml-opt -p convert-memplan-to-loops %s | filecheck %s

// A matrix product: unsigned inputs with a zero point, a bias, requantization.

!x = memref<1x6x!fixed.q<ui8, 2^-7 : 3>>
!w = memref<4x6x!fixed.q<i8, 2^-7>, "flash">
!y = memref<1x4x!fixed.q<i8, 2^-4>>

// CHECK:      "memref.global"() <{sym_name = "net_fc_w", type = memref<4x6xi8, "flash">,
// CHECK-SAME:   initial_value = dense<{{.*}}> : tensor<4x6xi8>, sym_visibility = "private", constant}>
// CHECK-NEXT: "memref.global"() <{sym_name = "net_w1", type = memref<4xi32, "flash">, initial_value = dense<[10, 20, 30, 40]>

// CHECK-NEXT: func.func private @net_fc(%in0: memref<1x6xi8>, %out: memref<1x4xi8>) attributes {mcu.node = "fc", mcu.computes = "1x4 of i8, scale 2^-4, zero point 0"} {
// CHECK:        %[[W:.*]] = memref.get_global @net_fc_w : memref<4x6xi8, "flash">
// CHECK-NEXT:   %[[B:.*]] = memref.get_global @net_w1 : memref<4xi32, "flash">
// CHECK-NEXT:   scf.for %oc = %c0 to %c4 step %c1 {
// CHECK-NEXT:     %[[SUM:.*]] = scf.for %ic = %c0 to %c6 step %c1 iter_args(%acc = %{{.*}}) -> (i32) {
// CHECK-NEXT:       %[[X:.*]] = memref.load %in0[%c0, %ic] : memref<1x6xi8>
// CHECK-NEXT:       %[[K:.*]] = memref.load %[[W]][%oc, %ic] : memref<4x6xi8, "flash">
// CHECK-NEXT:       %[[WIDE:.*]] = arith.extui %[[X]] : i8 to i32
// CHECK-NEXT:       %[[CENTERED:.*]] = arith.subi %[[WIDE]], %c3 : i32
// CHECK-NEXT:       %[[KWIDE:.*]] = arith.extsi %[[K]] : i8 to i32
// CHECK-NEXT:       %[[PRODUCT:.*]] = arith.muli %[[CENTERED]], %[[KWIDE]] : i32
// CHECK-NEXT:       %[[NEXT:.*]] = arith.addi %acc, %[[PRODUCT]] : i32
// CHECK-NEXT:       scf.yield %[[NEXT]] : i32
// CHECK-NEXT:     } {mcu.label = "fc_ic"}
// CHECK-NEXT:     %[[BIAS:.*]] = memref.load %[[B]][%oc] : memref<4xi32, "flash">
// CHECK-NEXT:     %[[BIASED:.*]] = arith.addi %[[SUM]], %[[BIAS]] : i32
// CHECK-NEXT:     %[[HALF:.*]] = arith.addi %[[BIASED]], %c512 : i32
// CHECK-NEXT:     %[[SCALED:.*]] = arith.shrsi %[[HALF]], %c10 : i32
// CHECK-NEXT:     %[[ABOVE:.*]] = arith.maxsi %[[SCALED]], %cm128 : i32
// CHECK-NEXT:     %[[CLAMPED:.*]] = arith.minsi %[[ABOVE]], %c127 : i32
// CHECK-NEXT:     %[[BYTE:.*]] = arith.trunci %[[CLAMPED]] : i32 to i8
// CHECK-NEXT:     memref.store %[[BYTE]], %out[%c0, %oc] : memref<1x4xi8>
// CHECK-NEXT:   } {mcu.label = "fc_oc"}
// CHECK-NEXT:   func.return

// CHECK:      func.func @net(%x: memref<1x6xi8>, %y: memref<1x4xi8>) attributes {fixed.inputs = [#fixed.port<"x",
// CHECK-NEXT:   func.call @net_fc(%x, %y) : (memref<1x6xi8>, memref<1x4xi8>) -> ()
// CHECK-NEXT:   func.return
func.func @net(%x: !x, %y: !y) attributes {
  fixed.inputs = [#fixed.port<"x", tensor<1x6x!fixed.q<ui8, 2^-7 : 3>>, permutation <0, 1>>],
  fixed.outputs = [#fixed.port<"y", tensor<1x4x!fixed.q<i8, 2^-4>>, permutation <0, 1>>]
} {
  %w = fixed.constant dense<[[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]> : tensor<4x6xi8> {node = "fc.w"} as !w
  %b = fixed.constant dense<[10, 20, 30, 40]> : tensor<4xi32> as memref<4xi32, "flash">
  fixed.contract ins(%x, %w : !x, !w) params(%b : memref<4xi32, "flash">) outs(%y : !y) domain <4 | 6>
    maps [affine_map<(o, i) -> (0, i)>, affine_map<(o, i) -> (o, i)>, affine_map<(o, i) -> (o)>,
          affine_map<(o, i) -> (0, o)>] zero_points <3, 0> acc i32 node "fc" {
  ^bb0(%acc: i32, %bias: i32):
    %0 = arith.addi %acc, %bias : i32
    %1 = fixed.rescale %0 shift 10 half_up in i32 : i32 -> i32
    %2 = fixed.saturate %1 to [-128, 127] : i32 -> i8
    fixed.yield %2 : i8
  }
  func.return
}
