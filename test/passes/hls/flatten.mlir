// RUN: tinyml-opt -p hls-flatten %s | filecheck %s

// A product of a matrix: two results and four of their terms at once. The text does not grow with lanes.

// CHECK-LABEL: func.func private @gemm
// CHECK:       %sum = memref.alloca() : memref<2xi20>
// CHECK-NEXT:  hls.array_partition %sum "complete" : memref<2xi20>
// CHECK:       scf.for %oc = %c0{{.*}} to %c10{{.*}} step %c2
// CHECK-NEXT:    scf.for %ic = %c0{{.*}} to %c64{{.*}} step %c4
// CHECK-NEXT:      [[FIRST:%.*]] = arith.cmpi eq, %ic, %c0{{.*}} : index
// CHECK-NEXT:      [[LAST:%.*]] = arith.cmpi eq, %ic, %c60 : index
// CHECK-NEXT:      scf.for %lane = %c0{{.*}} to %c2{{.*}} step %c1
// CHECK-NEXT:        hls.unroll
// CHECK-NEXT:        %oc_1 = arith.addi %oc, %lane : index
// CHECK-NEXT:        [[HELD:%.*]] = memref.load %sum[%lane] : memref<2xi20>
// CHECK-NEXT:        %acc = arith.select [[FIRST]], %zero, [[HELD]] : i20
// What the lanes of the reduction add up meets the sum at the end.
// CHECK-NEXT:        [[TERMS:%.*]] = scf.for %lane_1 = %c0{{.*}} to %c4 step %c1{{.*}} iter_args(%acc_1 = %{{.*}}) -> (i20)
// CHECK-NEXT:          hls.unroll
// CHECK-NEXT:          %ic_1 = arith.addi %ic, %lane_1 : index
// CHECK-NEXT:          memref.load %x[%ic_1]
// CHECK:             %acc_2 = arith.addi %acc, [[TERMS]] : i20
// CHECK-NEXT:        memref.store %acc_2, %sum[%lane] : memref<2xi20>
// CHECK-NEXT:        scf.if [[LAST]]
// CHECK-NEXT:          %y = arith.trunci %acc_2 : i20 to i8
// CHECK-NEXT:          memref.store %y, %out[%oc_1] : memref<10xi8>
func.func private @gemm(%x: memref<64xi8>, %w: memref<10x64xi8, "flash">, %out: memref<10xi8>) {
  %c0 = arith.constant 0 : index
  %c10 = arith.constant 10 : index
  %c64 = arith.constant 64 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i20
  scf.for %oc = %c0 to %c10 step %c1 {
    %sum = scf.for %ic = %c0 to %c64 step %c1 iter_args(%acc = %zero) -> (i20) {
      %a = memref.load %x[%ic] : memref<64xi8>
      %b = memref.load %w[%oc, %ic] : memref<10x64xi8, "flash">
      %wa = arith.extsi %a : i8 to i20
      %wb = arith.extsi %b : i8 to i20
      %p = arith.muli %wa, %wb : i20
      %s = arith.addi %acc, %p : i20
      scf.yield %s : i20
    } {hls.lanes = 4 : i64}
    %y = arith.trunci %sum : i20 to i8
    memref.store %y, %out[%oc] : memref<10xi8>
  } {hls.lanes = 2 : i64}
  func.return
}

// Two loops side by side stay as they are.
// CHECK-LABEL: func.func private @two
// CHECK-NOT:   memref.alloca
// CHECK:       scf.for %i
// CHECK:       scf.for %j
func.func private @two(%x: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xi8>
    memref.store %a, %x[%c0] : memref<8xi8>
  }
  scf.for %j = %c0 to %c8 step %c1 {
    %a = memref.load %x[%j] : memref<8xi8>
    memref.store %a, %x[%c1] : memref<8xi8>
  }
  func.return
}

// A reduction that is nothing but lanes: no memory, no conditions, what follows once.
// CHECK-LABEL: func.func private @sum
// CHECK:         [[SUM:%.*]] = scf.for %lane
// CHECK-NOT:     scf.for
// CHECK:         memref.store %{{.*}}, %y
// CHECK-NEXT:    func.return
func.func private @sum(%x: memref<2xi8>, %y: memref<1xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0 : i8
  %sum = scf.for %i = %c0 to %c2 step %c1 iter_args(%acc = %zero) -> (i8) {
    %a = memref.load %x[%i] : memref<2xi8>
    %s = arith.addi %acc, %a : i8
    scf.yield %s : i8
  } {hls.lanes = 2 : i64}
  memref.store %sum, %y[%c0] : memref<1xi8>
  func.return
}
