// RUN: tinyml-opt -p hls-interface{ports=mapped} %s | filecheck %s
// RUN: tinyml-opt -p hls-interface{ports=wires} %s --verify-diagnostics | filecheck %s --check-prefix=WRONG

// WRONG: hls-interface: ports are memory, stream, mapped, not `wires`

// CHECK:      func.func private @net_read_x(%from: memref<1x8xi8>, %to: memref<1x8xi8>)
// CHECK:        scf.for %i
// CHECK-NEXT:     [[V:%.*]] = memref.load %from[%c0, %i] : memref<1x8xi8>
// CHECK-NEXT:     memref.store [[V]], %to[%c0, %i] : memref<1x8xi8>
// CHECK:      func.func private @net_write_y
// CHECK:      func.func @net(%x: memref<1x8xi8>, %y: memref<1x8xi8>)
// CHECK-NEXT:   hls.interface "s_axilite"
// CHECK-NEXT:   hls.interface "m_axi" %y : memref<1x8xi8>
// CHECK:        hls.interface "m_axi" %x : memref<1x8xi8>
// CHECK-NEXT:   %x_1 = memref.alloca() : memref<1x8xi8>
// CHECK-NEXT:   func.call @net_read_x(%x, %x_1)
// CHECK-NEXT:   func.call @net_layer(%x_1, %y_1)
// CHECK-NEXT:   func.call @net_write_y(%y_1, %y)
func.func private @net_layer(%a: memref<1x8xi8>, %b: memref<1x8xi8>) {
  func.return
}
func.func @net(%x: memref<1x8xi8>, %y: memref<1x8xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<1x8x!fixed.q<i8, 2^-7>>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<1x8x!fixed.q<i8, 2^-4>>, permutation <0, 1>>]} {
  func.call @net_layer(%x, %y) : (memref<1x8xi8>, memref<1x8xi8>) -> ()
  func.return
}
