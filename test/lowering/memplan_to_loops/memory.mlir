// RUN: tinyml-opt -p convert-memplan-to-loops %s | filecheck %s

// Constants of the same elements share a global, whatever their shapes, so do the maps below. A constant that is one
// number takes no memory. The arena keeps its alignment; a buffer that was not placed is a global of its own.
// CHECK:      sym_name = "net_arena", type = memref<32xi8>, initial_value, sym_visibility = "private", alignment = 8 : i64
// CHECK-NEXT: sym_name = "net_line", type = memref<8xi8>, initial_value, sym_visibility = "private", alignment = 4 : i64
// CHECK-NEXT: sym_name = "net_w0", type = memref<2xi8, "flash">, initial_value = dense<[7, 8]> : tensor<2xi8>
// CHECK-NEXT: func.func private @net_add(%in0: memref<8xi8>, %out: memref<8xi8>)
// CHECK:        %[[ZERO:.*]] = arith.constant 0 : i8
// CHECK:        memref.get_global @net_w0 : memref<2xi8, "flash">
// CHECK:        memref.store %[[ZERO]], %out
// CHECK:      func.func private @net_add_1(%in0: memref<8xi8>, %out: memref<8xi8>)
// CHECK:        %[[ROOT:.*]] = memref.get_global @net_w0 : memref<2xi8, "flash">
// CHECK-NEXT:   memref.reinterpret_cast %[[ROOT]] to offset: [0], sizes: [1, 2]

// CHECK:      func.func @net(%x: memref<2x4xi8>, %y: memref<2x8xi8>, %z: memref<3x4xi16>) {
// CHECK-NEXT:   %c24 = arith.constant 24 : index
// CHECK-NEXT:   %c8 = arith.constant 8 : index
func.func @net(%x: memref<2x4xi8>, %y: memref<2x8xi8>, %z: memref<3x4xi16>) {
  %k = fixed.constant dense<[7, 8]> : tensor<2xi8> as memref<2xi8, "flash">
  %same = fixed.constant dense<[[7, 8]]> : tensor<1x2xi8> as memref<1x2xi8, "flash">
  %zero = fixed.constant dense<0> : tensor<32xi8> as memref<32xi8, "flash">
  %arena = memplan.arena size 32 align 8 in "sram" : memref<32xi8>
  %a = memplan.view %arena at 16 : memref<32xi8> -> memref<2x8xi8>
  %b = memplan.buffer node "line" : memref<8xi8>
  %end = memplan.alias %a at 8 : memref<2x8xi8> -> memref<8xi8>
  %xs = memplan.alias %x at 0 : memref<2x4xi8> -> memref<8xi8>
  %ys = memplan.alias %y at 8 : memref<2x8xi8> -> memref<8xi8>
  %zs = memplan.alias %z at 8 : memref<3x4xi16> -> memref<8xi16>

  // An argument from its start on is the same pointer; an alias in the arena is a view at the summed offset.
  // CHECK-NEXT: %xs = memref.reinterpret_cast %x to offset: [0], sizes: [8], strides: [1]
  // CHECK-SAME:   : memref<2x4xi8> to memref<8xi8>
  // CHECK-NEXT: %arena = memref.get_global @net_arena : memref<32xi8>
  // CHECK-NEXT: %end = memref.view %arena[%c24][] : memref<32xi8> to memref<8xi8>
  // CHECK-NEXT: func.call @net_add(%xs, %end)
  fixed.map ins(%xs : memref<8xi8>) params(%k, %zero : memref<2xi8, "flash">, memref<32xi8, "flash">)
    outs(%end : memref<8xi8>) domain <8> maps [affine_map<(i) -> (i)>, affine_map<(i) -> (0)>, affine_map<(i) -> (i)>,
    affine_map<(i) -> (i)>] node "add" {
  ^bb0(%e: i8, %c: i8, %n: i8):
    fixed.yield %n : i8
  }

  // CHECK-NEXT: %b = memref.get_global @net_line : memref<8xi8>
  // CHECK-NEXT: func.call @net_add_1(%end, %b)
  fixed.map ins(%end : memref<8xi8>) params(%same : memref<1x2xi8, "flash">) outs(%b : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (0, 1)>, affine_map<(i) -> (i)>] node "add" {
  ^bb0(%e: i8, %c: i8):
    fixed.yield %c : i8
  }
  memplan.retire %end : memref<8xi8>

  // Bytes inside an argument are a view of it.
  // CHECK-NEXT: %[[FLAT:.*]] = memref.collapse_shape %y {{.*}} : memref<2x8xi8> into memref<16xi8>
  // CHECK-NEXT: %ys = memref.view %[[FLAT]][%c8][] : memref<16xi8> to memref<8xi8>
  // CHECK-NEXT: func.call @net_copy(%b, %ys)
  fixed.map ins(%b : memref<8xi8>) outs(%ys : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "copy" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }

  // Wider elements inside an argument are a cast at an element offset, which the type repeats.
  // CHECK-NEXT: %zs = memref.reinterpret_cast %z to offset: [4], sizes: [8], strides: [1]
  // CHECK-SAME:   : memref<3x4xi16> to memref<8xi16, strided<[1], offset: 4>>
  // CHECK-NEXT: func.call @net_widen(%b, %zs)
  // CHECK-NEXT: func.return
  fixed.map ins(%b : memref<8xi8>) outs(%zs : memref<8xi16>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "widen" {
  ^bb0(%e: i8):
    %0 = fixed.extend %e : i8 -> i16
    fixed.yield %0 : i16
  }
  func.return
}
