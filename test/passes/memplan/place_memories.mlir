// RUN: tinyml-opt -p 'memplan-place{alignment=1 memories="dtcm=12,sram=40"},memplan-check' %s | filecheck %s
// RUN: tinyml-opt -p 'memplan-place{alignment=1 memories="dtcm=28,sram=40"},memplan-check' %s | filecheck %s --check-prefix=ALL
// RUN: tinyml-opt -p 'memplan-place{alignment=1 memories="dtcm=16,sram=12"},memplan-check' %s | filecheck %s --check-prefix=MOVED
// RUN: not tinyml-opt -p 'memplan-place{alignment=1 memories="dtcm=12,sram=8"}' %s 2>&1 | filecheck %s --check-prefix=NOWHERE
// RUN: not tinyml-opt -p 'memplan-place{memories="dtcm=12,flash=8,sram,dtcm=4"}' %s 2>&1 | filecheck %s --check-prefix=WRONG

// Accesses per byte: `hot` is written 8 times and read 4 * 8 + 8 times, 6 a byte; `small` is written 4 times and read 8
// times, 3 a byte; `wide` is written 16 times and read 8 times, 1.5 a byte. All are alive in the last step.
// CHECK-LABEL: func.func @net
// CHECK-SAME:    memplan.plan = {peak = 28 : i64, lower_bound = 28 : i64, proven = true,
// CHECK-SAME:      memories = {dtcm = {peak = 12 : i64, size = 12 : i64}, sram = {peak = 16 : i64, size = 40 : i64}}}
// CHECK-NEXT:  %arena = memplan.arena size 12 align 1 in "dtcm" : memref<12xi8>
// CHECK-NEXT:  %arena_sram = memplan.arena size 16 align 1 in "sram" : memref<16xi8>
// CHECK-NEXT:  %wide = memplan.view %arena_sram at 0 node "wide"
// CHECK:       %hot = memplan.view %arena at {{[04]}} node "hot"
// CHECK:       %small = memplan.view %arena at {{[08]}} node "small"

// Where all of it fits into the fast memory, that has all, and there is no other arena.
// ALL:         memories = {dtcm = {peak = 28 : i64, size = 28 : i64}, sram = {peak = 0 : i64, size = 40 : i64}}
// ALL-NEXT:    memplan.arena size 28 align 1 in "dtcm"
// ALL-NOT:     memplan.arena

// Here `wide` fits only into the fast memory, and gets it all.
// MOVED:       memories = {dtcm = {peak = 16 : i64, size = 16 : i64}, sram = {peak = 12 : i64, size = 12 : i64}}
// MOVED:       %wide = memplan.view %arena at 0 node "wide"
// MOVED:       %hot = memplan.view %arena_sram at {{[04]}} node "hot"
// MOVED:       %small = memplan.view %arena_sram at {{[08]}} node "small"

// `wide` fits neither memory: it takes 16 bytes.
// NOWHERE:     error: `wide` (16 bytes) fits none of the memories dtcm (12 bytes), sram (8 bytes)
// NOWHERE-NOT: error

// WRONG:       error: no memory can be named `flash`
// WRONG-NEXT:  error: `sram` is not `name=bytes`
// WRONG-NEXT:  error: memory `dtcm` is given twice
func.func @net(%x: memref<16xi8>, %y: memref<8xi8>) {
  %wide = memplan.buffer node "wide" : memref<16xi8>
  fixed.map ins(%x : memref<16xi8>) outs(%wide : memref<16xi8>) domain <16>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "wide" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %hot = memplan.buffer node "hot" : memref<8xi8>
  fixed.map ins(%x : memref<16xi8>) outs(%hot : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "hot" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %small = memplan.buffer node "small" : memref<4xi8>
  fixed.reduce max ins(%hot : memref<8xi8>) outs(%small : memref<4xi8>) domain <4 | 8>
    maps [affine_map<(i, k) -> (k)>, affine_map<(i, k) -> (i)>] zero_point <0> acc i8 node "small" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%small, %wide, %hot : memref<4xi8>, memref<16xi8>, memref<8xi8>) outs(%y : memref<8xi8>) domain <4, 2>
    maps [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (2 * i + j)>, affine_map<(i, j) -> (2 * i + j)>,
          affine_map<(i, j) -> (2 * i + j)>] node "add" {
  ^bb0(%e: i8, %f: i8, %g: i8):
    fixed.yield %e : i8
  }
  func.return
}
