// RUN: tinyml-opt -p hls-rings %s | filecheck %s

// CHECK-LABEL: func.func @ring
// CHECK-NEXT:    %rows = memref.alloca() : memref<8xi8>
// CHECK-NEXT:    hls.array_partition %rows "cyclic" factor 2 : memref<8xi8>
// CHECK:         scf.for %i
// CHECK-NEXT:      [[MASK:%.*]] = arith.constant 7 : index
// CHECK-NEXT:      [[AT:%.*]] = arith.andi %i, [[MASK]] : index
// CHECK-NEXT:      %v = memref.load %rows{{\[}}[[AT]]] : memref<8xi8>
// CHECK:           [[NEXT:%.*]] = arith.andi %i, {{.*}} : index
// CHECK-NEXT:      memref.store %v, %rows{{\[}}[[NEXT]]] : memref<8xi8>
func.func @ring() {
  %rows = memref.alloca() {hls.ring = 8 : i64} : memref<64xi8>
  hls.array_partition %rows "cyclic" factor 2 : memref<64xi8>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c1 {
    %v = memref.load %rows[%i] : memref<64xi8>
    memref.store %v, %rows[%i] : memref<64xi8>
  }
  func.return
}

// What keeps all its elements stays.
// CHECK-LABEL: func.func @whole
// CHECK:         memref.load %all[%i] : memref<64xi8>
func.func @whole() {
  %all = memref.alloca() : memref<64xi8>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c1 {
    %v = memref.load %all[%i] : memref<64xi8>
  }
  func.return
}
