// Only words of upstream's dialects are left; machine operations have none.
// RUN: tinyml-opt -p loops-strip-annotations --split-input-file --verify-diagnostics %s | filecheck %s

// CHECK:      "memref.global"() <{sym_name = "weights", type = memref<4xi8>,
// CHECK:      func.func private @layer(%x: memref<4xi8>) {
// CHECK-NEXT:   %c0 = arith.constant 0 : index
// CHECK-NEXT:   %c4 = arith.constant 4 : index
// CHECK-NEXT:   %c1 = arith.constant 1 : index
// CHECK-NEXT:   %w = memref.get_global @weights : memref<4xi8>
// CHECK-NEXT:   scf.for %i = %c0 to %c4 step %c1 {
// CHECK-NEXT:     %v = memref.load %w[%i] : memref<4xi8>
// CHECK-NEXT:     memref.store %v, %x[%i] : memref<4xi8>
// CHECK-NEXT:   }
// CHECK-NEXT:   func.return
"memref.global"() <{sym_name = "weights", type = memref<4xi8, "flash">, initial_value = dense<[1, 2, 3, 4]> : tensor<4xi8>, sym_visibility = "private", constant}> : () -> ()
func.func private @layer(%x: memref<4xi8>) attributes {mcu.node = "conv"} {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c1 = arith.constant 1 : index
  %w = memref.get_global @weights : memref<4xi8, "flash">
  scf.for %i = %c0 to %c4 step %c1 {
    hls.pipeline ii 1
    %v = memref.load %w[%i] : memref<4xi8, "flash">
    memref.store %v, %x[%i] : memref<4xi8>
  } {mcu.label = "conv_i"}
  func.return
}

// -----

// CHECK: error: pass 'loops-strip-annotations': 'mcu.machine': upstream has no such op
func.func @other(%a: i32) -> i32 {
  %r = mcu.machine "saturate"(%a) immediates [6, 8] : (i32) -> i32
  func.return %r : i32
}
