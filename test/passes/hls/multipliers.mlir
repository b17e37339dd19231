// RUN: tinyml-opt -p hls-multipliers{multiplier=18\ wide=25} %s | filecheck %s
// RUN: tinyml-opt -p hls-multipliers{multiplier=18} %s | filecheck %s --check-prefix NARROW

// Two lanes have a factor in common: one multiplier of 23 bits makes both products, 15 bits apart.

// CHECK-LABEL: func.func private @shared
// CHECK:       %products = memref.alloca() : memref<2xi20>
// CHECK-NEXT:  hls.array_partition %products "complete" : memref<2xi20>
// CHECK:       scf.for %pair
// CHECK-NEXT:    hls.unroll
// CHECK:         arith.shli {{.*}}, {{.*}} : i23
// CHECK-NEXT:    arith.extsi %{{.*}} : i8 to i23
// CHECK-NEXT:    %packed = arith.addi {{.*}} : i23
// CHECK:         %both = arith.muli {{.*}} : i31
// CHECK-NEXT:    hls.bind_op %both "mul" "dsp" : i31
// CHECK:         memref.store {{.*}}, %products
// CHECK:         memref.store {{.*}}, %products
// CHECK:       scf.for %lane
// CHECK-NEXT:    hls.unroll
// CHECK-NEXT:    %product = memref.load %products[%lane] : memref<2xi20>
// CHECK-NEXT:    memref.store %product, %out[%lane] : memref<2xi20>

// NARROW-LABEL: func.func private @shared
// NARROW-NOT:   hls.bind_op
// NARROW-LABEL: func.func private @logic
// NARROW:       hls.bind_op %p "mul" "fabric"
func.func private @shared(%x: memref<8xi8>, %out: memref<2xi20>) attributes {hls.multipliers = "shared"} {
  %w = memref.get_global @w : memref<16xi8, "flash">
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  scf.for %ic = %c0 to %c8 step %c1 {
    scf.for %lane = %c0 to %c2 step %c1 {
      hls.unroll
      %first = arith.muli %ic, %c2 : index
      %at = arith.addi %first, %lane : index
      %a = memref.load %x[%ic] : memref<8xi8>
      %b = memref.load %w[%at] : memref<16xi8, "flash">
      %wa = arith.extsi %a : i8 to i20
      %wb = arith.extsi %b : i8 to i20
      %p = arith.muli %wa, %wb : i20
      memref.store %p, %out[%lane] : memref<2xi20>
    }
  }
  func.return
}
"memref.global"() <{sym_name = "w", sym_visibility = "private", type = memref<16xi8, "flash">, constant, initial_value = dense<[1, 2, 3, 4, 5, 6, 7, 8, -100, 100, 3, 4, 5, 6, 7, 127]> : tensor<16xi8>}> : () -> ()

// CHECK-LABEL: func.func private @logic
// CHECK:         %p = arith.muli
// CHECK-NEXT:    hls.bind_op %p "mul" "fabric" : i16
func.func private @logic(%x: memref<2xi8>, %out: memref<2xi16>) attributes {hls.multipliers = "logic"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %lane = %c0 to %c2 step %c1 {
    hls.unroll
    %a = memref.load %x[%lane] : memref<2xi8>
    %wa = arith.extsi %a : i8 to i16
    %p = arith.muli %wa, %wa : i16
    memref.store %p, %out[%lane] : memref<2xi16>
  }
  func.return
}

// Nothing is said of these: they stay.
// CHECK-LABEL: func.func private @plain
// CHECK-NOT:     hls.bind_op
func.func private @plain(%x: memref<2xi8>, %out: memref<2xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %lane = %c0 to %c2 step %c1 {
    hls.unroll
    %a = memref.load %x[%lane] : memref<2xi8>
    %p = arith.muli %a, %a : i8
    memref.store %p, %out[%lane] : memref<2xi8>
  }
  func.return
}
