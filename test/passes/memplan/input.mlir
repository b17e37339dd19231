// RUN: tinyml-opt -p 'memplan-input{by=rows},memplan-stream' %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-input{by=rows},memplan-stream,memplan-place{alignment=1},memplan-check' %s | filecheck %s --check-prefix=PLACED
// RUN: tinyml-opt -p 'memplan-input{by=rows},memplan-stream,memplan-place{alignment=1},convert-memplan-to-loops' %s | filecheck %s --check-prefix=LOOPS

// A form takes a row of the input a time, and two rows of it are kept.
// CHECK-LABEL: @pool
// CHECK-SAME: memplan.input_rows = "input"
// CHECK-SAME: memplan.stream = {peak = 8 : i64
// CHECK: [[IN:%[^ ]+]] = memplan.buffer rows 6 node "input" : memref<6x4xi8>
// CHECK-NEXT: memplan.stream along <0, 0>
// CHECK-SAME: dense<{{\[\[}}0, 0], [0, 1], [1, 0], [0, 2], [0, 3], [1, 1], [0, 4], [0, 5], [1, 2]]> : tensor<9x2xi32>
// CHECK: fixed.map ins(%x : memref<6x4xi8>) outs([[IN]] : memref<6x4xi8>)
// CHECK: fixed.reduce max ins([[IN]] : memref<6x4xi8>) outs(%y : memref<3x4xi8>)

// PLACED: memplan.arena size 8
// PLACED: memplan.rows %arena at dense<[0, 4, 0, 4, 0, 4]> : tensor<6xi32> node "input"

// The public function takes one row; a table says which slices become possible with each, and the row's number stays.
// LOOPS: memref.global
// LOOPS: sym_name = "pool_pushes"
// LOOPS-SAME: dense<[0, 1, 3, 4, 6, 7, 9]>
// LOOPS: "memref.global"() <{sym_name = "pool_row", type = memref<1xi16>
// LOOPS: func.func private @pool_input(%row: index, %in0: memref<1x4xi8>)
// LOOPS: func.func private @pool_pool(%row: index, %out: memref<3x4xi8>)
// LOOPS: func.func @pool({{%[^:]+}}: memref<1x4xi8>, {{%[^:]+}}: memref<3x4xi8>)
// LOOPS: scf.index_switch
func.func @pool(%x: memref<6x4xi8>, %y: memref<3x4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<6x4xi8>, permutation <0, 1>>],
    fixed.outputs = [#fixed.port<"y", tensor<3x4xi8>, permutation <0, 1>>]} {
  fixed.reduce max ins(%x : memref<6x4xi8>) outs(%y : memref<3x4xi8>) domain <3, 4 | 2>
      maps [affine_map<(d0, d1, d2) -> (d0 * 2 + d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>] zero_point <0> acc i8 node "pool" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  func.return
}
