// RUN: tinyml-opt -p hls-pipeline %s | filecheck %s

// Three places of one memory of two ports: every other cycle. Two that are the same place, and one of another: each.

func.func @places(%x: memref<64xi8>, %y: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  // CHECK:      scf.for %i
  // CHECK-NEXT:   hls.pipeline ii 2
  scf.for %i = %c0 to %c8 step %c1 {
    %next = arith.addi %i, %c1 : index
    %other = arith.addi %i, %c2 : index
    %a = memref.load %x[%i] : memref<64xi8>
    %b = memref.load %x[%next] : memref<64xi8>
    %c = memref.load %x[%other] : memref<64xi8>
  }
  // CHECK:      scf.for %j
  // CHECK-NEXT:   hls.pipeline ii 1
  scf.for %j = %c0 to %c8 step %c1 {
    %a = memref.load %x[%j] : memref<64xi8>
    %b = memref.load %x[%j] : memref<64xi8>
    memref.store %a, %y[%j] : memref<64xi8>
  }
  func.return
}
