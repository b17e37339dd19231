// RUN: tinyml-opt -p convert-loops-to-rtl --split-input-file --verify-diagnostics %s | filecheck %s

// Lanes write neighbouring elements of a word.
// CHECK: its 2 lanes do not write neighbouring elements: choose lanes of another loop
func.func private @net_spread(%x : memref<8xi8>, %y : memref<16xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xi8>
    %at = arith.muli %i, %c2 : index
    memref.store %a, %y[%at] : memref<16xi8>
  } {hls.lanes = 2 : i64}
  func.return
}
func.func @net(%x : memref<8xi8>, %y : memref<16xi8>) {
  func.call @net_spread(%x, %y) : (memref<8xi8>, memref<16xi8>) -> ()
  func.return
}

// -----

// CHECK: lanes that write at computed indices: choose lanes of another loop
func.func private @net_scatter(%x : memref<8xi8>, %y : memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xi8>
    %at = arith.index_cast %a : i8 to index
    memref.store %a, %y[%at] : memref<8xi8>
  } {hls.lanes = 2 : i64}
  func.return
}
func.func @net(%x : memref<8xi8>, %y : memref<8xi8>) {
  func.call @net_scatter(%x, %y) : (memref<8xi8>, memref<8xi8>) -> ()
  func.return
}

// -----

// CHECK: a loop of 6 iterations does not run in 4 lanes
func.func private @net_odd(%x : memref<6xi8>, %y : memref<6xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.load %x[%i] : memref<6xi8>
    memref.store %a, %y[%i] : memref<6xi8>
  } {hls.lanes = 4 : i64}
  func.return
}
func.func @net(%x : memref<6xi8>, %y : memref<6xi8>) {
  func.call @net_odd(%x, %y) : (memref<6xi8>, memref<6xi8>) -> ()
  func.return
}

// -----

// CHECK: `arith.remsi` has no hardware
func.func private @net_rest(%x : memref<6xi8>, %y : memref<6xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.load %x[%i] : memref<6xi8>
    %r = arith.remsi %a, %a : i8
    memref.store %r, %y[%i] : memref<6xi8>
  }
  func.return
}
func.func @net(%x : memref<6xi8>, %y : memref<6xi8>) {
  func.call @net_rest(%x, %y) : (memref<6xi8>, memref<6xi8>) -> ()
  func.return
}

// -----

// CHECK: hardware has one nest of loops for each form, not two loops side by side
func.func private @net_two(%x : memref<6xi8>, %y : memref<6xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.load %x[%i] : memref<6xi8>
    memref.store %a, %y[%i] : memref<6xi8>
  }
  scf.for %i = %c0 to %c6 step %c1 {
    %a = memref.load %x[%i] : memref<6xi8>
    memref.store %a, %y[%i] : memref<6xi8>
  }
  func.return
}
func.func @net(%x : memref<6xi8>, %y : memref<6xi8>) {
  func.call @net_two(%x, %y) : (memref<6xi8>, memref<6xi8>) -> ()
  func.return
}
