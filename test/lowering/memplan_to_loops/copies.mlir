// RUN: tinyml-opt -p 'convert-memplan-to-loops{operations=load_word}' %s | filecheck %s
// RUN: tinyml-opt -p 'convert-memplan-to-loops' %s | filecheck %s --check-prefix BYTES

// Rows of the caller are copied by words where the core loads these from any address, and rows are whole ones at
// multiples of four. Each call takes one slice of one form, whose number is that of the row: there is no table of
// slices, no loop and no choice.
// CHECK-NOT:  sym_name = "whole_pushes"
// CHECK-NOT:  sym_name = "whole_slices"
// CHECK:      func.func private @whole_input(%row: index, %in0: memref<1x8xi8>)
// CHECK:      %[[START:.*]] = memref.load %{{.*}}[%row] : memref<3xi8, "flash">
// CHECK-NEXT: %[[PLACE:.*]] = arith.index_cast %[[START]] : i8 to index
// CHECK-NEXT: %[[WORDS:.*]] = memref.view %arena[%[[PLACE]]][] : memref<32xi8> to memref<2xi32>
// CHECK-NEXT: mcu.copy_block %in0[%c0, %c0] data() at() sums %[[WORDS]] window [2]
// CHECK-NEXT: func.return
// CHECK:      func.func @whole(%[[X:.*]]: memref<1x8xi8>, %{{.*}}: memref<8xi8>)
// CHECK:      %row = arith.index_cast
// CHECK-NOT:  scf.for
// CHECK:      func.call @whole_input(%row, %[[X]]) : (index, memref<1x8xi8>) -> ()
// CHECK-NEXT: arith.cmpi eq
// BYTES:      func.func private @whole_input(%row: index, %in0: memref<1x8xi8>)
// BYTES:      scf.for %{{.*}} = %{{.*}} to %c8 step %c1 {
func.func @whole(%x: memref<3x8xi8>, %y: memref<8xi8>) attributes {
    memplan.input_rows = "input",
    fixed.inputs = [#fixed.port<"x", tensor<3x8xi8>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<8xi8>, permutation <0>>]} {
  %arena = memplan.arena size 32 align 4 in "sram" : memref<32xi8>
  %input = memplan.rows %arena at dense<[16, 0, 8]> : tensor<3xi32> node "input" : memref<32xi8> -> memref<3x8xi8>
  memplan.stream along <0> order dense<[[0, 0], [0, 1], [0, 2]]> : tensor<3x2xi32> {
    fixed.map ins(%x : memref<3x8xi8>) outs(%input : memref<3x8xi8>) domain <3, 8>
        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  fixed.reduce max ins(%input : memref<3x8xi8>) outs(%y : memref<8xi8>) domain <8 | 3>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i8 node "most" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  func.return
}

// Rows that begin anywhere are copied byte by byte.
// CHECK:      func.func private @odd_input(%row: index, %in0: memref<1x8xi8>)
// CHECK:      scf.for %{{.*}} = %{{.*}} to %c8 step %c1 {
func.func @odd(%x: memref<3x8xi8>, %y: memref<8xi8>) attributes {
    memplan.input_rows = "input",
    fixed.inputs = [#fixed.port<"x", tensor<3x8xi8>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<8xi8>, permutation <0>>]} {
  %arena = memplan.arena size 32 align 4 in "sram" : memref<32xi8>
  %input = memplan.rows %arena at dense<[17, 0, 8]> : tensor<3xi32> node "input" : memref<32xi8> -> memref<3x8xi8>
  memplan.stream along <0> order dense<[[0, 0], [0, 1], [0, 2]]> : tensor<3x2xi32> {
    fixed.map ins(%x : memref<3x8xi8>) outs(%input : memref<3x8xi8>) domain <3, 8>
        maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  fixed.reduce max ins(%input : memref<3x8xi8>) outs(%y : memref<8xi8>) domain <8 | 3>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0)>] zero_point <0> acc i8 node "most" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  func.return
}
