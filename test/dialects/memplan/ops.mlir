// RUN: tinyml-opt %s | filecheck %s
// RUN: tinyml-opt %s | tinyml-opt | filecheck %s
// RUN: tinyml-opt %s --print-op-generic | tinyml-opt | filecheck %s

!row = memref<1x4x2x!fixed.q<i8, 2^-4>>
!flat = memref<8x!fixed.q<i8, 2^-4>>

// CHECK-LABEL: func.func @places
func.func @places() {
  // CHECK-NEXT: %arena = memplan.arena size 24 align 4 in "sram" : memref<24xi8>
  %arena = memplan.arena size 24 align 4 in "sram" : memref<24xi8>
  // CHECK-NEXT: %own = memplan.buffer node "conv" : memref<1x4x2x!fixed.q<i8, 2^-4>>
  %own = memplan.buffer node "conv" : !row
  // CHECK-NEXT: %nameless = memplan.buffer : memref<3xi12>
  %nameless = memplan.buffer : memref<3xi12>
  // CHECK-NEXT: %view = memplan.view %arena at 16 node "relu" : memref<24xi8> -> memref<1x4x2x!fixed.q<i8, 2^-4>>
  %view = memplan.view %arena at 16 node "relu" : memref<24xi8> -> !row
  // CHECK-NEXT: %alias = memplan.alias %view at 0 : memref<1x4x2x!fixed.q<i8, 2^-4>> -> memref<8x!fixed.q<i8, 2^-4>>
  %alias = memplan.alias %view at 0 : !row -> !flat
  // CHECK-NEXT: memplan.retire %alias : memref<8x!fixed.q<i8, 2^-4>>
  memplan.retire %alias : !flat
  // CHECK-NEXT: memplan.opaque ins(%own, %nameless : memref<1x4x2x!fixed.q<i8, 2^-4>>, memref<3xi12>)
  // CHECK-SAME:   outs(%view : memref<1x4x2x!fixed.q<i8, 2^-4>>) node "cell"
  memplan.opaque ins(%own, %nameless : !row, memref<3xi12>) outs(%view : !row) node "cell"
  // CHECK-NEXT: memplan.opaque outs(%own, %nameless : memref<1x4x2x!fixed.q<i8, 2^-4>>, memref<3xi12>)
  memplan.opaque outs(%own, %nameless : !row, memref<3xi12>)
  func.return
}

// CHECK-LABEL: func.func @streams
func.func @streams(%x: memref<1x3x2xi8>, %y: memref<2xi8>) {
  // CHECK-NEXT: %arena = memplan.arena size 6 align 4 in "sram" : memref<6xi8>
  %arena = memplan.arena size 6 align 4 in "sram" : memref<6xi8>
  // CHECK-NEXT: %split = memplan.buffer rows 3 node "conv" : memref<1x3x2xi8>
  %split = memplan.buffer rows 3 node "conv" : memref<1x3x2xi8>
  // CHECK-NEXT: %rows = memplan.rows %arena at dense<[0, 4, 0]> : tensor<3xi32> node "conv" : memref<6xi8> -> memref<1x3x2xi8>
  %rows = memplan.rows %arena at dense<[0, 4, 0]> : tensor<3xi32> node "conv" : memref<6xi8> -> memref<1x3x2xi8>
  // CHECK-NEXT: %same = memplan.rows %arena at dense<2> : tensor<3xi32> : memref<6xi8> -> memref<3x1x2xi8>
  %same = memplan.rows %arena at dense<2> : tensor<3xi32> : memref<6xi8> -> memref<3x1x2xi8>
  // CHECK-NEXT: memplan.stream along <0, 1> order dense<{{\[\[}}0, 0], [1, 0], [0, 1], [1, 1], [0, 2], [1, 2]]> : tensor<6x2xi32> {
  // CHECK-NEXT: fixed.map ins(%x : memref<1x3x2xi8>) outs(%rows : memref<1x3x2xi8>)
  // CHECK: fixed.reduce max ins(%rows : memref<1x3x2xi8>) outs(%y : memref<2xi8>)
  memplan.stream along <0, 1> order dense<[[0, 0], [1, 0], [0, 1], [1, 1], [0, 2], [1, 2]]> : tensor<6x2xi32> {
    fixed.map ins(%x : memref<1x3x2xi8>) outs(%rows : memref<1x3x2xi8>) domain <3, 2>
      maps [affine_map<(i, c) -> (0, i, c)>, affine_map<(i, c) -> (0, i, c)>] {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.reduce max ins(%rows : memref<1x3x2xi8>) outs(%y : memref<2xi8>) domain <2 | 3>
      maps [affine_map<(c, i) -> (0, i, c)>, affine_map<(c, i) -> (c)>] zero_point <0> acc i8 {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}
