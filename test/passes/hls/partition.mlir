// RUN: tinyml-opt -p hls-partition %s --split-input-file | filecheck %s

// Rows of weights, two lanes of results by two of terms: the constant is laid out anew, in words of four elements.
// CHECK:       sym_name = "w_packed"{{.*}}dense<[1, 2, 5, 6, 3, 4, 7, 8]> : tensor<8xi8>
// CHECK-NOT:   sym_name = "w",
"memref.global"() <{sym_name = "w", sym_visibility = "private", type = memref<2x4xi8, "flash">,
                    initial_value = dense<[[1, 2, 3, 4], [5, 6, 7, 8]]> : tensor<2x4xi8>, constant}> : () -> ()
"memref.global"() <{sym_name = "x", sym_visibility = "private", type = memref<4x512xi8>, initial_value}> : () -> ()
// CHECK-LABEL: func.func private @gemm
// CHECK:         %w = memref.get_global @w_packed : memref<8xi8, "flash">
// CHECK-NEXT:    hls.bind_storage %w "rom_1p" "lutram"
// CHECK-NEXT:    hls.array_reshape %w "cyclic" factor 4
func.func private @gemm(%x: memref<4x512xi8>, %y: memref<2xi8>) {
  %w = memref.get_global @w : memref<2x4xi8, "flash">
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c2 {
    scf.for %o = %c0 to %c2 step %c1 {
      hls.unroll
      scf.for %l = %c0 to %c2 step %c1 {
        hls.unroll
        %at = arith.addi %i, %l : index
        // CHECK: memref.load %w[%{{.*}}] : memref<8xi8, "flash">
        %a = memref.load %w[%o, %at] : memref<2x4xi8, "flash">
        %b = memref.load %x[%at, %c0] : memref<4x512xi8>
        memref.store %b, %y[%o] : memref<2xi8>
      }
    }
  }
  func.return
}
// Elements that lie 512 apart are in one bank of any two, four or eight: three keep them apart.
// CHECK-LABEL: func.func @net
// CHECK:         %x = memref.get_global @x : memref<4x512xi8>
// CHECK-NEXT:    hls.bind_storage %x "ram_2p" "bram"
// CHECK-NEXT:    hls.array_partition %x "cyclic" factor 3
func.func @net(%y: memref<2xi8>) {
  %x = memref.get_global @x : memref<4x512xi8>
  func.call @gemm(%x, %y) : (memref<4x512xi8>, memref<2xi8>) -> ()
  func.return
}

// -----

// What is read one by one stays as it is.
// CHECK-LABEL: func.func private @copy
// CHECK-NOT:   hls.array
func.func private @copy(%x: memref<8xi8>, %y: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xi8>
    memref.store %a, %y[%i] : memref<8xi8>
  }
  func.return
}
