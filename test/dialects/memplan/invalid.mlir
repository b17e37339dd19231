// RUN: tinyml-opt %s --split-input-file --verify-diagnostics | filecheck %s

// CHECK: an arena of N bytes is a memref<Nxi8>
%arena = memplan.arena size 24 align 4 in "sram" : memref<25xi8>

// -----

// CHECK: alignment must be a power of two, got 6
%arena = memplan.arena size 24 align 6 in "sram" : memref<24xi8>

// -----

// CHECK: view [20, 28) leaves the arena of 24 bytes
%arena = memplan.arena size 24 align 4 in "sram" : memref<24xi8>
%view = memplan.view %arena at 20 : memref<24xi8> -> memref<8xi8>

// -----

// CHECK: offset 2 is not aligned to the element size
%arena = memplan.arena size 24 align 4 in "sram" : memref<24xi8>
%view = memplan.view %arena at 2 : memref<24xi8> -> memref<4xi32>

// -----

// i12 is stored in two bytes.
// CHECK: alias [4, 10) leaves the 8 bytes of its source
%buffer = memplan.buffer : memref<8xi8>
%alias = memplan.alias %buffer at 4 : memref<8xi8> -> memref<3xi12>

// -----

// CHECK: an alias stays in the memory space of its source
%weights = fixed.constant dense<1> : tensor<8xi8> as memref<8xi8, "flash">
%alias = memplan.alias %weights at 0 : memref<8xi8, "flash"> -> memref<2x4xi8>

// -----

// CHECK: an opaque step writes at least one memref
%buffer = memplan.buffer : memref<8xi8>
"memplan.opaque"(%buffer) <{operandSegmentSizes = array<i32: 1, 0>}> : (memref<8xi8>) -> ()

// -----

// CHECK: memref<1x4x2xi8> does not have 3 rows
%buffer = memplan.buffer rows 3 : memref<1x4x2xi8>

// -----

// CHECK: memref<1x4xi8> does not have 4 rows
// A row would be a single element.
%buffer = memplan.buffer rows 4 : memref<1x4xi8>

// -----

// CHECK: memref<4x2xi8> does not have 3 rows
%arena = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
%rows = memplan.rows %arena at dense<[0, 2, 4]> : tensor<3xi32> : memref<8xi8> -> memref<4x2xi8>

// -----

// CHECK: the offsets of rows are i32
%arena = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
%rows = memplan.rows %arena at dense<[0, 2, 4, 6]> : tensor<4xi16> : memref<8xi8> -> memref<4x2xi8>

// -----

// CHECK: a row of 2 bytes leaves the arena of 8 bytes
%arena = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
%rows = memplan.rows %arena at dense<[0, 2, 4, 7]> : tensor<4xi32> : memref<8xi8> -> memref<4x2xi8>

// -----

// CHECK: a row of 2 bytes leaves the arena of 8 bytes
%arena = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
%rows = memplan.rows %arena at dense<[0, -1, 4, 6]> : tensor<4xi32> : memref<8xi8> -> memref<4x2xi8>

// -----

// CHECK: the offset of a row is not aligned to the element size
%arena = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
%rows = memplan.rows %arena at dense<[0, 1]> : tensor<2xi32> : memref<8xi8> -> memref<2x2xi16>

// -----

// CHECK: a stream holds structured forms on memrefs and nothing else
memplan.stream along <0> order dense<[[0, 0]]> : tensor<1x2xi32> {
  %c = arith.constant 1 : i32
}

// -----

// CHECK: `along` names 2 dimensions for 1 forms
%a = memplan.buffer : memref<2x2xi8>
%b = memplan.buffer : memref<2x2xi8>
memplan.stream along <0, 0> order dense<[[0, 0], [0, 1]]> : tensor<2x2xi32> {
  fixed.map ins(%a : memref<2x2xi8>) outs(%b : memref<2x2xi8>) domain <2, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
}

// -----

// CHECK: a form of 2 dimensions has no dimension 2
%a = memplan.buffer : memref<2x2xi8>
%b = memplan.buffer : memref<2x2xi8>
memplan.stream along <2> order dense<[[0, 0], [0, 1]]> : tensor<2x2xi32> {
  fixed.map ins(%a : memref<2x2xi8>) outs(%b : memref<2x2xi8>) domain <2, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
}

// -----

// CHECK: only a fixed.reduce whose body yields its accumulator runs along a reduction dimension
%a = memplan.buffer : memref<2x2xi8>
%c = memplan.buffer : memref<2xi8>
memplan.stream along <1> order dense<[[0, 0], [0, 1]]> : tensor<2x2xi32> {
  fixed.reduce sum ins(%a : memref<2x2xi8>) outs(%c : memref<2xi8>) domain <2 | 2>
    maps [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j)>] zero_point <0> acc i32 {
  ^bb0(%acc: i32):
    %0 = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %0 : i8
  }
}

// -----

// CHECK: `order` is a list of pairs of i32
%a = memplan.buffer : memref<2x2xi8>
%b = memplan.buffer : memref<2x2xi8>
memplan.stream along <0> order dense<[[0, 0], [0, 1]]> : tensor<2x2xi64> {
  fixed.map ins(%a : memref<2x2xi8>) outs(%b : memref<2x2xi8>) domain <2, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
}

// -----

// CHECK: `order` is a list of pairs of i32
%a = memplan.buffer : memref<2x2xi8>
%b = memplan.buffer : memref<2x2xi8>
memplan.stream along <0> order dense<[0, 1]> : tensor<2xi32> {
  fixed.map ins(%a : memref<2x2xi8>) outs(%b : memref<2x2xi8>) domain <2, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
}

// -----

// CHECK: the slices of form 0 must be 0 to 1, each once and in this order
%a = memplan.buffer : memref<2x2xi8>
%b = memplan.buffer : memref<2x2xi8>
memplan.stream along <0> order dense<[[0, 1], [0, 0]]> : tensor<2x2xi32> {
  fixed.map ins(%a : memref<2x2xi8>) outs(%b : memref<2x2xi8>) domain <2, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
}

// -----

// CHECK: the slices of form 0 must be 0 to 1, each once and in this order
%a = memplan.buffer : memref<2x2xi8>
%b = memplan.buffer : memref<2x2xi8>
memplan.stream along <0> order dense<[[0, 0]]> : tensor<1x2xi32> {
  fixed.map ins(%a : memref<2x2xi8>) outs(%b : memref<2x2xi8>) domain <2, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
}

// -----

// CHECK: `order` names a form that the region does not have
%a = memplan.buffer : memref<2x2xi8>
%b = memplan.buffer : memref<2x2xi8>
memplan.stream along <0> order dense<[[0, 0], [0, 1], [1, 0]]> : tensor<3x2xi32> {
  fixed.map ins(%a : memref<2x2xi8>) outs(%b : memref<2x2xi8>) domain <2, 2>
    maps [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
}
