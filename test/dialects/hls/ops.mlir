// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

%c0 = arith.constant 0 : index
%c8 = arith.constant 8 : index
%c1 = arith.constant 1 : index
%x, %w, %p = "test.op"() : () -> (memref<64xi8>, memref<64xi8, "flash">, i16)
// CHECK: scf.for %i
scf.for %i = %c0 to %c8 step %c1 {
  // CHECK-NEXT: hls.pipeline ii 2
  hls.pipeline ii 2
  // CHECK-NEXT: scf.for %j
  scf.for %j = %c0 to %c8 step %c1 {
    // CHECK-NEXT: hls.unroll
    hls.unroll
  }
  // CHECK: scf.for %k
  scf.for %k = %c0 to %c8 step %c1 {
    // CHECK-NEXT: hls.unroll factor 4
    hls.unroll factor 4
  }
}
// CHECK: hls.array_partition %x "complete" : memref<64xi8>
hls.array_partition %x "complete" : memref<64xi8>
// CHECK-NEXT: hls.array_partition %x "cyclic" factor 4 : memref<64xi8>
hls.array_partition %x "cyclic" factor 4 : memref<64xi8>
// CHECK-NEXT: hls.array_reshape %w "cyclic" factor 8 : memref<64xi8, "flash">
hls.array_reshape %w "cyclic" factor 8 : memref<64xi8, "flash">
// CHECK-NEXT: hls.bind_storage %w "rom_1p" "bram" : memref<64xi8, "flash">
hls.bind_storage %w "rom_1p" "bram" : memref<64xi8, "flash">
// CHECK-NEXT: hls.bind_op %p "mul" "fabric" : i16
hls.bind_op %p "mul" "fabric" : i16
// CHECK-NEXT: %s = hls.stream depth 2 : !hls.stream<i8>
%s = hls.stream depth 2 : !hls.stream<i8>
// CHECK-NEXT: %v = hls.read %s : !hls.stream<i8> -> i8
%v = hls.read %s : !hls.stream<i8> -> i8
// CHECK-NEXT: hls.write %v to %s : i8, !hls.stream<i8>
hls.write %v to %s : i8, !hls.stream<i8>
// CHECK: func.func @net
func.func @net(%a: memref<8xi8>) {
  // CHECK-NEXT: hls.dataflow
  hls.dataflow
  // CHECK-NEXT: hls.inline off
  hls.inline off
  // CHECK-NEXT: hls.interface "axis" %a : memref<8xi8>
  hls.interface "axis" %a : memref<8xi8>
  func.return
}
