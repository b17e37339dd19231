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
