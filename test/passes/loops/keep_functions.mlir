// RUN: tinyml-opt -p loops-keep-functions %s | filecheck %s
// RUN: tinyml-opt -p loops-keep-functions,convert-loops-to-emitc -t c %s | filecheck %s --check-prefix=C

// A nest that is called once stays a function; what a loop calls is left to the compiler, and what has no nest.
// CHECK:      func.func private @net_once(%out: memref<8xi8>) attributes {mcu.keep} {
// CHECK:      func.func private @net_flat(%out: memref<8xi8>) {
// CHECK:      func.func private @net_round(%out: memref<8xi8>) {
// CHECK:      func.func @net(%y: memref<8xi8>) {
// C:          static NET_KEPT void net_once(int8_t *out) {
// C:          static void net_flat(int8_t *out) {
// C:          static void net_round(int8_t *out) {
func.func private @net_once(%out: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %k = arith.constant 3 : i8
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %k, %out[%i] : memref<8xi8>
  }
  func.return
}
func.func private @net_flat(%out: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %k = arith.constant 3 : i8
  memref.store %k, %out[%c0] : memref<8xi8>
  func.return
}
func.func private @net_round(%out: memref<8xi8>) {
  %c1 = arith.constant 1 : index
  %k = arith.constant 4 : i8
  memref.store %k, %out[%c1] : memref<8xi8>
  func.return
}
func.func @net(%y: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  func.call @net_once(%y) : (memref<8xi8>) -> ()
  func.call @net_flat(%y) : (memref<8xi8>) -> ()
  scf.for %i = %c0 to %c8 step %c1 {
    func.call @net_round(%y) : (memref<8xi8>) -> ()
  }
  func.return
}
