// RUN: tinyml-opt -p loops-share-functions %s | filecheck %s

// The second function does what the first one does, to other memory; the third one adds another number.
// CHECK:      func.func private @net_a(%in: memref<8xi8>, %out: memref<8xi8>) {
// CHECK-NOT:  @net_b(
// CHECK:      func.func private @net_c(%in: memref<8xi8>, %out: memref<8xi8>) {
// CHECK:      func.func @net(%x: memref<8xi8>, %y: memref<8xi8>, %z: memref<8xi8>) {
// CHECK-NEXT:   func.call @net_a(%x, %y) : (memref<8xi8>, memref<8xi8>) -> ()
// CHECK-NEXT:   func.call @net_a(%y, %z) : (memref<8xi8>, memref<8xi8>) -> ()
// CHECK-NEXT:   func.call @net_c(%z, %y) : (memref<8xi8>, memref<8xi8>) -> ()
func.func private @net_a(%in: memref<8xi8>, %out: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %k = arith.constant 3 : i8
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %in[%i] : memref<8xi8>
    %s = arith.addi %v, %k : i8
    memref.store %s, %out[%i] : memref<8xi8>
  } {mcu.label = "a_i"}
  func.return
}
func.func private @net_b(%in: memref<8xi8>, %out: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %number = arith.constant 3 : i8
  scf.for %j = %c0 to %c8 step %c1 {
    %v = memref.load %in[%j] : memref<8xi8>
    %s = arith.addi %v, %number : i8
    memref.store %s, %out[%j] : memref<8xi8>
  } {mcu.label = "b_i"}
  func.return
}
func.func private @net_c(%in: memref<8xi8>, %out: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %k = arith.constant 4 : i8
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %in[%i] : memref<8xi8>
    %s = arith.addi %v, %k : i8
    memref.store %s, %out[%i] : memref<8xi8>
  } {mcu.label = "c_i"}
  func.return
}
func.func @net(%x: memref<8xi8>, %y: memref<8xi8>, %z: memref<8xi8>) {
  func.call @net_a(%x, %y) : (memref<8xi8>, memref<8xi8>) -> ()
  func.call @net_b(%y, %z) : (memref<8xi8>, memref<8xi8>) -> ()
  func.call @net_c(%z, %y) : (memref<8xi8>, memref<8xi8>) -> ()
  func.return
}
