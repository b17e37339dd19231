// RUN: tinyml-opt -p 'loops-share-functions{numbers=true}' %s | filecheck %s
// RUN: tinyml-opt -p loops-share-functions %s | filecheck %s --check-prefix APART

// Two functions that differ in their weights, in what they add and in how far they shift are one; the word that both
// add is no argument. It shifts by one less than the number that is passed, and by one behind it.
// CHECK:      func.func private @net_a(%in: memref<4xi8>, %out: memref<4xi8>, %number: i32, %weights: memref<4xi32, "flash">, %shift: i32) {
// CHECK:      arith.constant 77 : i32
// CHECK:      memref.load %weights[
// CHECK:      %[[SUM:.*]] = arith.addi %{{.*}}, %number : i32
// CHECK-NEXT: %[[SHIFTED:.*]] = arith.shrsi %[[SUM]], %shift : i32
// CHECK-NEXT: mcu.machine "saturate"(%[[SHIFTED]]) immediates [1, 8] : (i32) -> i32
// CHECK-NOT:  @net_b(
// CHECK:      func.func @net(
// CHECK-NEXT: arith.constant 5 : i32
// CHECK-NEXT: memref.get_global @w_a
// CHECK-NEXT: arith.constant 5 : i32
// CHECK-NEXT: func.call @net_a(%x, %y,
// CHECK-NEXT: arith.constant 9 : i32
// CHECK-NEXT: memref.get_global @w_b
// CHECK-NEXT: arith.constant 6 : i32
// CHECK-NEXT: func.call @net_a(%y, %z,
// APART: func.func private @net_b(
"memref.global"() <{sym_name = "w_a", type = memref<4xi32, "flash">, initial_value = dense<1> : tensor<4xi32>, sym_visibility = "private", constant}> : () -> ()
"memref.global"() <{sym_name = "w_b", type = memref<4xi32, "flash">, initial_value = dense<2> : tensor<4xi32>, sym_visibility = "private", constant}> : () -> ()
func.func private @net_a(%in: memref<4xi8>, %out: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %same = arith.constant 77 : i32
  %add = arith.constant 5 : i32
  %w = memref.get_global @w_a : memref<4xi32, "flash">
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %in[%i] : memref<4xi8>
    %x = arith.extsi %v : i8 to i32
    %f = memref.load %w[%i] : memref<4xi32, "flash">
    %s = arith.muli %x, %f : i32
    %k0 = arith.addi %s, %same : i32
    %k1 = arith.addi %k0, %same : i32
    %k2 = arith.addi %k1, %same : i32
    %k3 = arith.addi %k2, %same : i32
    %k4 = arith.addi %k3, %same : i32
    %k5 = arith.addi %k4, %same : i32
    %k6 = arith.addi %k5, %same : i32
    %k7 = arith.addi %k6, %same : i32
    %k8 = arith.addi %k7, %same : i32
    %k9 = arith.addi %k8, %same : i32
    %k10 = arith.addi %k9, %same : i32
    %k11 = arith.addi %k10, %same : i32
    %k12 = arith.addi %k11, %same : i32
    %k13 = arith.addi %k12, %same : i32
    %k14 = arith.addi %k13, %same : i32
    %k15 = arith.addi %k14, %same : i32
    %k16 = arith.addi %k15, %same : i32
    %k17 = arith.addi %k16, %same : i32
    %k18 = arith.addi %k17, %same : i32
    %k19 = arith.addi %k18, %same : i32
    %k20 = arith.addi %k19, %same : i32
    %k21 = arith.addi %k20, %same : i32
    %k22 = arith.addi %k21, %same : i32
    %k23 = arith.addi %k22, %same : i32
    %k24 = arith.addi %k23, %same : i32
    %k25 = arith.addi %k24, %same : i32
    %k26 = arith.addi %k25, %same : i32
    %k27 = arith.addi %k26, %same : i32
    %k28 = arith.addi %k27, %same : i32
    %k29 = arith.addi %k28, %same : i32
    %k30 = arith.addi %k29, %same : i32
    %k31 = arith.addi %k30, %same : i32
    %k32 = arith.addi %k31, %same : i32
    %k33 = arith.addi %k32, %same : i32
    %k34 = arith.addi %k33, %same : i32
    %k35 = arith.addi %k34, %same : i32
    %k36 = arith.addi %k35, %same : i32
    %k37 = arith.addi %k36, %same : i32
    %k38 = arith.addi %k37, %same : i32
    %k39 = arith.addi %k38, %same : i32
    %k40 = arith.addi %k39, %same : i32
    %k41 = arith.addi %k40, %same : i32
    %k42 = arith.addi %k41, %same : i32
    %k43 = arith.addi %k42, %same : i32
    %k44 = arith.addi %k43, %same : i32
    %k45 = arith.addi %k44, %same : i32
    %k46 = arith.addi %k45, %same : i32
    %k47 = arith.addi %k46, %same : i32
    %k48 = arith.addi %k47, %same : i32
    %k49 = arith.addi %k48, %same : i32
    %k50 = arith.addi %k49, %same : i32
    %k51 = arith.addi %k50, %same : i32
    %k52 = arith.addi %k51, %same : i32
    %k53 = arith.addi %k52, %same : i32
    %k54 = arith.addi %k53, %same : i32
    %k55 = arith.addi %k54, %same : i32
    %k56 = arith.addi %k55, %same : i32
    %k57 = arith.addi %k56, %same : i32
    %k58 = arith.addi %k57, %same : i32
    %k59 = arith.addi %k58, %same : i32
    %t = arith.addi %k59, %add : i32
    %r = mcu.machine "saturate"(%t) immediates [6, 8] : (i32) -> i32
    %b = arith.trunci %r : i32 to i8
    memref.store %b, %out[%i] : memref<4xi8>
  }
  func.return
}
func.func private @net_b(%in: memref<4xi8>, %out: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %same = arith.constant 77 : i32
  %add = arith.constant 9 : i32
  %w = memref.get_global @w_b : memref<4xi32, "flash">
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %in[%i] : memref<4xi8>
    %x = arith.extsi %v : i8 to i32
    %f = memref.load %w[%i] : memref<4xi32, "flash">
    %s = arith.muli %x, %f : i32
    %k0 = arith.addi %s, %same : i32
    %k1 = arith.addi %k0, %same : i32
    %k2 = arith.addi %k1, %same : i32
    %k3 = arith.addi %k2, %same : i32
    %k4 = arith.addi %k3, %same : i32
    %k5 = arith.addi %k4, %same : i32
    %k6 = arith.addi %k5, %same : i32
    %k7 = arith.addi %k6, %same : i32
    %k8 = arith.addi %k7, %same : i32
    %k9 = arith.addi %k8, %same : i32
    %k10 = arith.addi %k9, %same : i32
    %k11 = arith.addi %k10, %same : i32
    %k12 = arith.addi %k11, %same : i32
    %k13 = arith.addi %k12, %same : i32
    %k14 = arith.addi %k13, %same : i32
    %k15 = arith.addi %k14, %same : i32
    %k16 = arith.addi %k15, %same : i32
    %k17 = arith.addi %k16, %same : i32
    %k18 = arith.addi %k17, %same : i32
    %k19 = arith.addi %k18, %same : i32
    %k20 = arith.addi %k19, %same : i32
    %k21 = arith.addi %k20, %same : i32
    %k22 = arith.addi %k21, %same : i32
    %k23 = arith.addi %k22, %same : i32
    %k24 = arith.addi %k23, %same : i32
    %k25 = arith.addi %k24, %same : i32
    %k26 = arith.addi %k25, %same : i32
    %k27 = arith.addi %k26, %same : i32
    %k28 = arith.addi %k27, %same : i32
    %k29 = arith.addi %k28, %same : i32
    %k30 = arith.addi %k29, %same : i32
    %k31 = arith.addi %k30, %same : i32
    %k32 = arith.addi %k31, %same : i32
    %k33 = arith.addi %k32, %same : i32
    %k34 = arith.addi %k33, %same : i32
    %k35 = arith.addi %k34, %same : i32
    %k36 = arith.addi %k35, %same : i32
    %k37 = arith.addi %k36, %same : i32
    %k38 = arith.addi %k37, %same : i32
    %k39 = arith.addi %k38, %same : i32
    %k40 = arith.addi %k39, %same : i32
    %k41 = arith.addi %k40, %same : i32
    %k42 = arith.addi %k41, %same : i32
    %k43 = arith.addi %k42, %same : i32
    %k44 = arith.addi %k43, %same : i32
    %k45 = arith.addi %k44, %same : i32
    %k46 = arith.addi %k45, %same : i32
    %k47 = arith.addi %k46, %same : i32
    %k48 = arith.addi %k47, %same : i32
    %k49 = arith.addi %k48, %same : i32
    %k50 = arith.addi %k49, %same : i32
    %k51 = arith.addi %k50, %same : i32
    %k52 = arith.addi %k51, %same : i32
    %k53 = arith.addi %k52, %same : i32
    %k54 = arith.addi %k53, %same : i32
    %k55 = arith.addi %k54, %same : i32
    %k56 = arith.addi %k55, %same : i32
    %k57 = arith.addi %k56, %same : i32
    %k58 = arith.addi %k57, %same : i32
    %k59 = arith.addi %k58, %same : i32
    %t = arith.addi %k59, %add : i32
    %r = mcu.machine "saturate"(%t) immediates [7, 8] : (i32) -> i32
    %b = arith.trunci %r : i32 to i8
    memref.store %b, %out[%i] : memref<4xi8>
  }
  func.return
}
func.func @net(%x: memref<4xi8>, %y: memref<4xi8>, %z: memref<4xi8>) {
  func.call @net_a(%x, %y) : (memref<4xi8>, memref<4xi8>) -> ()
  func.call @net_b(%y, %z) : (memref<4xi8>, memref<4xi8>) -> ()
  func.return
}
