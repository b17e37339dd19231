// RUN: tinyml-opt -p loops-share-sizes %s | filecheck %s

// Two layers of different sizes, and one that is another function. Of two layers all sizes follow from one, here from
// the number of turns of two quads; with the constants that is what is passed.
// CHECK:      func.func private @net_a(%in: memref<?xi8>, %out: memref<?xi8>, %weights: memref<?xi8, "flash">, %turns: index) {
// CHECK:        %[[P:.*]] = arith.muli %turns, %{{.*}} : index
// CHECK-NEXT:   %[[C:.*]] = arith.constant 32 : index
// CHECK-NEXT:   %[[N:.*]] = arith.subi %[[P]], %[[C]] : index
// CHECK:        %[[D:.*]] = arith.constant 33 : index
// CHECK-NEXT:   %[[L:.*]] = arith.subi %{{.*}}, %[[D]] : index
// CHECK:        scf.for %i = %c0 to %[[N]] step %c1 {
// CHECK:          arith.minsi %i, %[[L]] : index
// CHECK:          mcu.pair_block %weights[%c0] data(%column) at(%c0) counts(%turns) sums %sums window [2, 1]
// CHECK-SAME:       memref<?xi8, "flash">(memref<48xi32>) memref<4xi32>
// CHECK-NOT:  @net_b(
// CHECK:      func.func private @net_c(%in: memref<64xi8>
// CHECK:      func.func @net(
// CHECK:        %[[X:.*]] = mcu.at %x[%{{.*}}, %{{.*}}] : memref<4x8xi8> -> memref<?xi8>
// CHECK:        %[[A:.*]] = memref.get_global @net_wa : memref<4x32xi8, "flash">
// CHECK:        %[[W:.*]] = mcu.at %[[A]][%{{.*}}, %{{.*}}] : memref<4x32xi8, "flash"> -> memref<?xi8, "flash">
// CHECK-NEXT:   %[[T:.*]] = arith.constant 2 : index
// CHECK-NEXT:   func.call @net_a(%[[X]], %{{.*}}, %[[W]], %[[T]])
// CHECK:        %[[U:.*]] = arith.constant 3 : index
// CHECK-NEXT:   func.call @net_a(%{{.*}}, %{{.*}}, %{{.*}}, %[[U]])
// CHECK:        func.call @net_c(%y, %z) : (memref<64xi8>, memref<64xi8>) -> ()
func.func private @net_a(%in: memref<4x8xi8>, %out: memref<32xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c31 = arith.constant 31 : index
  %c32 = arith.constant 32 : index
  %k = arith.constant 3 : i8
  %x = mcu.at %in[%c0, %c0] : memref<4x8xi8> -> memref<32xi8>
  %w = memref.get_global @net_wa : memref<4x32xi8, "flash">
  %v = mcu.at %w[%c0, %c0] : memref<4x32xi8, "flash"> -> memref<128xi8, "flash">
  %column = memref.alloca() : memref<48xi32>
  %sums = memref.alloca() : memref<4xi32>
  scf.for %i = %c0 to %c32 step %c1 {
    %next = arith.addi %i, %c1 : index
    %last = arith.minsi %i, %c31 : index
    %word = mcu.load_word %x[%i] : memref<32xi8>
    memref.store %word, %column[%c0] : memref<48xi32>
    memref.store %word, %column[%c1] : memref<48xi32>
    mcu.pair_block %v[%c0] data(%column) at(%c0) sums %sums window [4, 1]
      : memref<128xi8, "flash"> (memref<48xi32>) memref<4xi32>
    %a = memref.load %x[%i] : memref<32xi8>
    %b = memref.load %x[%last] : memref<32xi8>
    %s = arith.addi %a, %b : i8
    %t = arith.addi %s, %k : i8
    %u = arith.muli %s, %t : i8
    memref.store %u, %out[%last] : memref<32xi8>
  } {mcu.label = "a_i"}
  func.return
}
func.func private @net_b(%in: memref<8x8xi8>, %out: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c63 = arith.constant 63 : index
  %c64 = arith.constant 64 : index
  %k = arith.constant 3 : i8
  %x = mcu.at %in[%c0, %c0] : memref<8x8xi8> -> memref<64xi8>
  %w = memref.get_global @net_wb : memref<4x48xi8, "flash">
  %v = mcu.at %w[%c0, %c0] : memref<4x48xi8, "flash"> -> memref<192xi8, "flash">
  %column = memref.alloca() : memref<48xi32>
  %sums = memref.alloca() : memref<4xi32>
  scf.for %i = %c0 to %c64 step %c1 {
    %next = arith.addi %i, %c1 : index
    %last = arith.minsi %i, %c63 : index
    %word = mcu.load_word %x[%i] : memref<64xi8>
    memref.store %word, %column[%c0] : memref<48xi32>
    memref.store %word, %column[%c1] : memref<48xi32>
    mcu.pair_block %v[%c0] data(%column) at(%c0) sums %sums window [6, 1]
      : memref<192xi8, "flash"> (memref<48xi32>) memref<4xi32>
    %a = memref.load %x[%i] : memref<64xi8>
    %b = memref.load %x[%last] : memref<64xi8>
    %s = arith.addi %a, %b : i8
    %t = arith.addi %s, %k : i8
    %u = arith.muli %s, %t : i8
    memref.store %u, %out[%last] : memref<64xi8>
  } {mcu.label = "b_i"}
  func.return
}
func.func private @net_c(%in: memref<64xi8>, %out: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c1 {
    %a = memref.load %in[%i] : memref<64xi8>
    memref.store %a, %out[%i] : memref<64xi8>
  } {mcu.label = "c_i"}
  func.return
}
func.func @net(%x: memref<4x8xi8>, %q: memref<8x8xi8>, %y: memref<64xi8>, %z: memref<64xi8>, %r: memref<32xi8>) {
  func.call @net_a(%x, %r) : (memref<4x8xi8>, memref<32xi8>) -> ()
  func.call @net_b(%q, %z) : (memref<8x8xi8>, memref<64xi8>) -> ()
  func.call @net_c(%y, %z) : (memref<64xi8>, memref<64xi8>) -> ()
  func.return
}
