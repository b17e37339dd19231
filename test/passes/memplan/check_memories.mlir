// RUN: tinyml-opt -p memplan-check %s --split-input-file --verify-diagnostics 2>&1 | filecheck %s

// The same offsets in two arenas are different bytes.
// CHECK-LABEL: func.func @apart
func.func @apart(%x: memref<8xi8>, %y: memref<8xi8>) {
  %fast = memplan.arena size 8 align 4 in "dtcm" : memref<8xi8>
  %slow = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
  %a = memplan.view %fast at 0 : memref<8xi8> -> memref<8xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a : memref<8xi8>) node "a"
  %b = memplan.view %slow at 0 : memref<8xi8> -> memref<8xi8>
  memplan.opaque ins(%a : memref<8xi8>) outs(%b : memref<8xi8>) node "b"
  memplan.opaque ins(%a, %b : memref<8xi8>, memref<8xi8>) outs(%y : memref<8xi8>) node "y"
  func.return
}

// -----

// In one arena they are not, also where it is the second.
// CHECK: node `b` writes `b` at bytes [0, 8), where `a` still lives at bytes [0, 8)
func.func @together(%x: memref<8xi8>, %y: memref<8xi8>) {
  %fast = memplan.arena size 8 align 4 in "dtcm" : memref<8xi8>
  %slow = memplan.arena size 8 align 4 in "sram" : memref<8xi8>
  %a = memplan.view %slow at 0 : memref<8xi8> -> memref<8xi8>
  memplan.opaque ins(%x : memref<8xi8>) outs(%a : memref<8xi8>) node "a"
  %b = memplan.view %slow at 0 : memref<8xi8> -> memref<8xi8>
  memplan.opaque ins(%a : memref<8xi8>) outs(%b : memref<8xi8>) node "b"
  memplan.opaque ins(%a, %b : memref<8xi8>, memref<8xi8>) outs(%y : memref<8xi8>) node "y"
  func.return
}
