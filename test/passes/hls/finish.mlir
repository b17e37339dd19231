// RUN: tinyml-opt -p hls-finish %s | filecheck %s

// Two lanes of results, eight turns: sums are stored, and scaled one after the other by another function.

// CHECK-LABEL: func.func private @gemm(
// CHECK-SAME:    %x: memref<8xi8>, %w: memref<4x8xi8, "flash">, %sums: memref<4xi20>)
// CHECK:         [[SUM:%.*]] = scf.for %ic
// CHECK:         {hls.lanes = 1 : i64}
// CHECK-NEXT:    memref.store [[SUM]], %sums[%oc] : memref<4xi20>
// CHECK-NEXT:    } {hls.lanes = 2 : i64}
// CHECK-LABEL: func.func private @gemm_finish(
// CHECK-SAME:    %out: memref<4xi8>, %sums: memref<4xi20>)
// CHECK:         scf.for %oc
// CHECK-NEXT:      %acc = memref.load %sums[%oc] : memref<4xi20>
// CHECK-NEXT:      arith.muli %acc
// CHECK-NOT:     hls.lanes
// CHECK:         func.return
func.func private @gemm(%x: memref<8xi8>, %w: memref<4x8xi8, "flash">, %out: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i20
  %scale = arith.constant 5 : i20
  scf.for %oc = %c0 to %c4 step %c1 {
    %sum = scf.for %ic = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (i20) {
      %a = memref.load %x[%ic] : memref<8xi8>
      %b = memref.load %w[%oc, %ic] : memref<4x8xi8, "flash">
      %wa = arith.extsi %a : i8 to i20
      %wb = arith.extsi %b : i8 to i20
      %p = arith.muli %wa, %wb : i20
      %s = arith.addi %acc, %p : i20
      scf.yield %s : i20
    } {hls.lanes = 1 : i64}
    %scaled = arith.muli %sum, %scale : i20
    %y = arith.trunci %scaled : i20 to i8
    memref.store %y, %out[%oc] : memref<4xi8>
  } {hls.lanes = 2 : i64}
  func.return
}

// Nothing is multiplied behind this reduction.
// CHECK-LABEL: func.func private @greatest(
// CHECK-NOT:   @greatest_finish
func.func private @greatest(%x: memref<4x8xi8>, %out: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %least = arith.constant -128 : i8
  scf.for %oc = %c0 to %c4 step %c1 {
    %most = scf.for %ic = %c0 to %c8 step %c1 iter_args(%acc = %least) -> (i8) {
      %a = memref.load %x[%oc, %ic] : memref<4x8xi8>
      %s = arith.maxsi %acc, %a : i8
      scf.yield %s : i8
    }
    memref.store %most, %out[%oc] : memref<4xi8>
  } {hls.lanes = 2 : i64}
  func.return
}

// CHECK-LABEL: func.func @run
// CHECK:         %sums = memref.alloca() : memref<4xi20>
// CHECK-NEXT:    func.call @gemm(%x, %w, %sums)
// CHECK-NEXT:    func.call @gemm_finish(%out, %sums)
func.func @run(%x: memref<8xi8>, %w: memref<4x8xi8, "flash">, %out: memref<4xi8>, %m: memref<4x8xi8>) {
  func.call @gemm(%x, %w, %out) : (memref<8xi8>, memref<4x8xi8, "flash">, memref<4xi8>) -> ()
  func.call @greatest(%m, %out) : (memref<4x8xi8>, memref<4xi8>) -> ()
  func.return
}
