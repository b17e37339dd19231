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
