// RUN: tinyml-opt -p 'loops-center-tables' %s | filecheck %s

"memref.global"() <{sym_name = "table", type = memref<256xi8, "flash">, initial_value = dense<1> : tensor<256xi8>, constant, sym_visibility = "private"}> : () -> ()

// What is added to each index is added to the address once.
// CHECK-LABEL: @looks
// CHECK: %[[TABLE:.*]] = memref.get_global @table
// CHECK: %[[MIDDLE:.*]] = mcu.at %[[TABLE]][%{{.*}}] : memref<256xi8, "flash"> -> memref<128xi8, "flash">
// CHECK: scf.for
// CHECK-NOT: arith.addi
// CHECK: memref.load %[[MIDDLE]]
func.func @looks(%x : memref<8xi8>, %y : memref<8xi8>) {
  %table = memref.get_global @table : memref<256xi8, "flash">
  %from = arith.constant 0 : index
  %to = arith.constant 8 : index
  %step = arith.constant 1 : index
  %half = arith.constant 128 : i32
  scf.for %i = %from to %to step %step {
    %byte = memref.load %x[%i] : memref<8xi8>
    %wide = arith.extsi %byte : i8 to i32
    %sum = arith.addi %wide, %half : i32
    %at = arith.index_cast %sum : i32 to index
    %found = memref.load %table[%at] : memref<256xi8, "flash">
    memref.store %found, %y[%i] : memref<8xi8>
  }
  func.return
}

// One look by itself takes its sum with it.
// CHECK-LABEL: @once
// CHECK-NOT: mcu.at
// CHECK: arith.addi
func.func @once(%x : i32) -> i8 {
  %table = memref.get_global @table : memref<256xi8, "flash">
  %half = arith.constant 128 : i32
  %sum = arith.addi %x, %half : i32
  %at = arith.index_cast %sum : i32 to index
  %found = memref.load %table[%at] : memref<256xi8, "flash">
  func.return %found : i8
}
