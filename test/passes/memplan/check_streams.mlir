// RUN: tinyml-opt -p memplan-check --split-input-file --verify-diagnostics %s | filecheck %s

// Three rows of `a` are kept at a time; a row of `b` takes the bytes of the one that is read for the last time then.
// CHECK-LABEL: func.func @good
// CHECK:         node "last"
#same = affine_map<(i, j) -> (i, j)>
#window = affine_map<(i, j, k) -> (i + k - 1, j)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @good(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 6 align 1 in "sram" : memref<6xi8>
  %a = memplan.rows %arena at dense<[0, 2, 4, 0]> : tensor<4xi32> node "a" : memref<6xi8> -> memref<4x2xi8>
  %b = memplan.rows %arena at dense<[4, 0, 2, 4]> : tensor<4xi32> node "b" : memref<6xi8> -> memref<4x2xi8>
  memplan.stream along <0, 0, 0>
      order dense<[[0, 0], [0, 1], [1, 0], [2, 0], [0, 2], [1, 1], [2, 1], [0, 3], [1, 2], [2, 2], [1, 3], [2, 3]]> : tensor<12x2xi32> {
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.reduce max ins(%a : memref<4x2xi8>) outs(%b : memref<4x2xi8>) domain <4, 2 | 3> maps [#window, #out] zero_point <0> acc i8
        node "pool" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%b : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "last" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// With two rows, slice 2 of the copy writes where slice 1 of the pool still reads.
// CHECK: slice 2 of node `first` writes row 2 of `a` at bytes [0, 2), where row 0 of `a` still lives at bytes [0, 2) until slice 1 of node `pool` has read it
#same = affine_map<(i, j) -> (i, j)>
#window = affine_map<(i, j, k) -> (i + k - 1, j)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @overwritten(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 4 align 1 in "sram" : memref<4xi8>
  %a = memplan.rows %arena at dense<[0, 2, 0, 2]> : tensor<4xi32> node "a" : memref<4xi8> -> memref<4x2xi8>
  memplan.stream along <0, 0>
      order dense<[[0, 0], [0, 1], [1, 0], [0, 2], [1, 1], [0, 3], [1, 2], [1, 3]]> : tensor<8x2xi32> {
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.reduce max ins(%a : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2 | 3> maps [#window, #out] zero_point <0> acc i8
        node "pool" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// CHECK: slice 1 of node `pool` reads 2 bytes of row 2 of `a` that were never written, the first at byte 4
#same = affine_map<(i, j) -> (i, j)>
#window = affine_map<(i, j, k) -> (i + k - 1, j)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @early(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
  %a = memplan.rows %arena at dense<[0, 2, 4, 6]> : tensor<4xi32> node "a" : memref<8xi8> -> memref<4x2xi8>
  memplan.stream along <0, 0>
      order dense<[[0, 0], [0, 1], [1, 0], [1, 1], [0, 2], [1, 2], [0, 3], [1, 3]]> : tensor<8x2xi32> {
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.reduce max ins(%a : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2 | 3> maps [#window, #out] zero_point <0> acc i8
        node "pool" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// A row replaces the one that dies, but the pool reads from right to left what it writes from left to right.
// CHECK: slice 1 of node `pool` overwrites 1 bytes of its own input row 0 of `a` before it reads them, the first at byte 0
#same = affine_map<(i, j) -> (i, j)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @order(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 12 align 1 in "sram" : memref<12xi8>
  %a = memplan.rows %arena at dense<[0, 2, 4, 6]> : tensor<4xi32> node "a" : memref<12xi8> -> memref<4x2xi8>
  %b = memplan.rows %arena at dense<[10, 0, 8, 10]> : tensor<4xi32> node "b" : memref<12xi8> -> memref<4x2xi8>
  memplan.stream along <0, 0, 0>
      order dense<[[0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [2, 0], [1, 1], [2, 1], [1, 2], [2, 2], [1, 3], [2, 3]]> : tensor<12x2xi32> {
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.reduce max ins(%a : memref<4x2xi8>) outs(%b : memref<4x2xi8>) domain <4, 2 | 3> maps [affine_map<(i, j, k) -> (i + k - 1, -j + 1)>, #out] zero_point <0> acc i8
        node "pool" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%b : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "last" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// A form that writes all rows at once puts two of them at the same place.
// CHECK: node `first` writes row 3 of `a` at bytes [3, 5) and row 1 of `a` at bytes [2, 4)
#same = affine_map<(i, j) -> (i, j)>
func.func @twins(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
  %a = memplan.rows %arena at dense<[0, 2, 6, 3]> : tensor<4xi32> node "a" : memref<8xi8> -> memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// CHECK: `a` lies in rows, each of which dies by itself after its last read
#same = affine_map<(i, j) -> (i, j)>
func.func @retired(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
  %a = memplan.rows %arena at dense<[0, 2, 4, 6]> : tensor<4xi32> node "a" : memref<8xi8> -> memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  memplan.retire %a : memref<4x2xi8>
  func.return
}

// -----

// CHECK: an alias of `a` must see the same 4 rows
#same = affine_map<(i, j) -> (i, j)>
func.func @reshaped(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
  %a = memplan.rows %arena at dense<[0, 2, 4, 6]> : tensor<4xi32> node "a" : memref<8xi8> -> memref<4x2xi8>
  %flat = memplan.alias %a at 0 : memref<4x2xi8> -> memref<2x4xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// Slices accumulate in `s`; nobody may read it before the last.
// CHECK: slice 0 of node `use` reads 2 bytes of `s`, the first at byte 0, as node `s`, which was not done, left them, not node `s`
#same = affine_map<(i, j) -> (i, j)>
func.func @unfinished(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %s = memplan.buffer : memref<2xi8>
  memplan.stream along <1, 0>
      order dense<[[0, 0], [0, 1], [0, 2], [1, 0], [0, 3], [1, 1], [1, 2], [1, 3]]> : tensor<8x2xi32> {
    fixed.reduce max ins(%x : memref<4x2xi8>) outs(%s : memref<2xi8>) domain <2 | 4>
        maps [affine_map<(j, i) -> (i, j)>, affine_map<(j, i) -> (j)>] zero_point <0> acc i8 node "s" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%s : memref<2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [affine_map<(i, j) -> (j)>, #same] node "use" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// The second form overwrites what the first, which stands before it, was to read.
// CHECK: slice 1 of node `first` reads 2 bytes of `a`, the first at byte 2, as node `second` left them, not what came before the stream
#same = affine_map<(i, j) -> (i, j)>
func.func @ahead_of_its_turn(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %a = memplan.buffer : memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "before" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  memplan.stream along <0, 0>
      order dense<[[0, 0], [1, 0], [1, 1], [0, 1], [0, 2], [0, 3], [1, 2], [1, 3]]> : tensor<8x2xi32> {
    fixed.map ins(%a : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "second" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// CHECK: the stream leaves 6 bytes of `a` as node `first` wrote them, not node `second`
#same = affine_map<(i, j) -> (i, j)>
func.func @last_word(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %a = memplan.buffer : memref<4x2xi8>
  memplan.stream along <0, 0>
      order dense<[[0, 0], [1, 0], [1, 1], [1, 2], [1, 3], [0, 1], [0, 2], [0, 3]]> : tensor<8x2xi32> {
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "second" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// A view that dies in a step may be overwritten there, from the front ...
// CHECK-LABEL: func.func @in_place
// CHECK:         memplan.retire %a
#same = affine_map<(i, j) -> (i, j)>
func.func @in_place(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 9 align 1 in "sram" : memref<9xi8>
  %a = memplan.view %arena at 1 node "a" : memref<9xi8> -> memref<4x2xi8>
  %b = memplan.view %arena at 0 node "b" : memref<9xi8> -> memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%a : memref<4x2xi8>) outs(%b : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "second" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  memplan.retire %a : memref<4x2xi8>
    fixed.map ins(%b : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "third" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// ... but not from behind ...
// CHECK: node `second` overwrites 7 bytes of its own input `a` before it reads them, the first at byte 1
#same = affine_map<(i, j) -> (i, j)>
func.func @behind(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 9 align 1 in "sram" : memref<9xi8>
  %a = memplan.view %arena at 0 node "a" : memref<9xi8> -> memref<4x2xi8>
  %b = memplan.view %arena at 1 node "b" : memref<9xi8> -> memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%a : memref<4x2xi8>) outs(%b : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "second" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  memplan.retire %a : memref<4x2xi8>
  func.return
}

// -----

// ... nor where it lives on ...
// CHECK: node `second` writes `b` at bytes [0, 8), where `a` still lives at bytes [1, 9)
#same = affine_map<(i, j) -> (i, j)>
func.func @alive(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 9 align 1 in "sram" : memref<9xi8>
  %a = memplan.view %arena at 1 node "a" : memref<9xi8> -> memref<4x2xi8>
  %b = memplan.view %arena at 0 node "b" : memref<9xi8> -> memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%a : memref<4x2xi8>) outs(%b : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "second" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%b : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "third" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  memplan.retire %a : memref<4x2xi8>
  func.return
}

// -----

// ... nor by a step of which nobody knows the order.
// CHECK: node `second` writes `b` at bytes [0, 8), where `a` still lives at bytes [1, 9)
#same = affine_map<(i, j) -> (i, j)>
func.func @opaque(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 9 align 1 in "sram" : memref<9xi8>
  %a = memplan.view %arena at 1 node "a" : memref<9xi8> -> memref<4x2xi8>
  %b = memplan.view %arena at 0 node "b" : memref<9xi8> -> memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  memplan.opaque ins(%a : memref<4x2xi8>) outs(%b : memref<4x2xi8>) node "second"
  memplan.retire %a : memref<4x2xi8>
  func.return
}

// -----

// A param dies as well: here every row reads all of it.
// CHECK: node `second` overwrites 2 bytes of its own input `p` before it reads them, the first at byte 5
#same = affine_map<(i, j) -> (i, j)>
func.func @param(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 10 align 1 in "sram" : memref<10xi8>
  %b = memplan.view %arena at 0 node "b" : memref<10xi8> -> memref<4x2xi8>
  %p = memplan.view %arena at 5 node "p" : memref<10xi8> -> memref<2xi8>
  memplan.opaque outs(%p : memref<2xi8>) node "weights"
    fixed.map ins(%x : memref<4x2xi8>) params(%p : memref<2xi8>) outs(%b : memref<4x2xi8>) domain <4, 2> maps [#same, affine_map<(i, j) -> (j)>, #same] node "second" {
    ^bb0(%e: i8, %w: i8):
      fixed.yield %e : i8
    }
  memplan.retire %p : memref<2xi8>
  func.return
}

// -----

// A lookup may come at any point: a table is read until the last.
// CHECK: node `second` overwrites 1 bytes of its own input `p` before it reads them, the first at byte 6
#same = affine_map<(i, j) -> (i, j)>
func.func @table(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 10 align 1 in "sram" : memref<10xi8>
  %b = memplan.view %arena at 0 node "b" : memref<10xi8> -> memref<4x2xi8>
  %p = memplan.view %arena at 6 node "p" : memref<10xi8> -> memref<2xi8>
  memplan.opaque outs(%p : memref<2xi8>) node "weights"
    fixed.map ins(%x : memref<4x2xi8>) tables(%p : memref<2xi8>) outs(%b : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "second" {
    ^bb0(%e: i8, %w: memref<2xi8>):
      fixed.yield %e : i8
    }
  memplan.retire %p : memref<2xi8>
  func.return
}

// -----

// CHECK: node `late` writes into `a`, which was retired after node `first`
#same = affine_map<(i, j) -> (i, j)>
func.func @late(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %a = memplan.buffer : memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  memplan.retire %a : memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "late" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// CHECK: `arena` has no place in the plan: it is no view, buffer or argument
#same = affine_map<(i, j) -> (i, j)>
func.func @bare_arena(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
    fixed.map ins(%arena : memref<8xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [affine_map<(i, j) -> (2 * i + j)>, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// CHECK: `a` is a view of something that is not an arena
#same = affine_map<(i, j) -> (i, j)>
func.func @no_arena(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %b = memplan.buffer : memref<8xi8>
  %a = memplan.view %b at 0 : memref<8xi8> -> memref<4x2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// CHECK: `z` is no memref: convert it to memplan first
#same = affine_map<(i, j) -> (i, j)>
func.func @tensors(%x: memref<4x2xi8>, %y: memref<4x2xi8>, %z: tensor<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
    %t = fixed.map ins(%z : tensor<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    } -> tensor<4x2xi8>
  func.return
}

// -----

// CHECK: `w` is no memref: convert it to memplan first
#same = affine_map<(i, j) -> (i, j)>
func.func @constant_tensor(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %w = fixed.constant dense<1> : tensor<2xi8> as tensor<2xi8>
    fixed.map ins(%x : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// CHECK: `arith.constant` has no place in a plan
#same = affine_map<(i, j) -> (i, j)>
func.func @stray(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>]} {
  %c = arith.constant 1 : i32
    fixed.map ins(%x : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "first" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// The caller delivers a row at a time.
// CHECK-LABEL: func.func @pushed
// CHECK:         node "pool"
#same = affine_map<(i, j) -> (i, j)>
#window = affine_map<(i, j, k) -> (i + k - 1, j)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @pushed(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_rows = "input"} {
  %a = memplan.buffer : memref<4x2xi8>
  memplan.stream along <0, 0>
      order dense<[[0, 0], [0, 1], [1, 0], [0, 2], [1, 1], [0, 3], [1, 2], [1, 3]]> : tensor<8x2xi32> {
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.reduce max ins(%a : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2 | 3> maps [#window, #out] zero_point <0> acc i8
        node "pool" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// CHECK: node `again` reads `x`, which only node `input` receives from the caller
#same = affine_map<(i, j) -> (i, j)>
func.func @pushed_twice(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_rows = "input"} {
  %a = memplan.buffer : memref<4x2xi8>
  memplan.stream along <0, 0>
      order dense<[[0, 0], [0, 1], [1, 0], [0, 2], [1, 1], [0, 3], [1, 2], [1, 3]]> : tensor<8x2xi32> {
    fixed.map ins(%x : memref<4x2xi8>) outs(%a : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
    fixed.map ins(%x : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "again" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// CHECK: node `input` reads `x` as a whole, but the caller delivers it row by row
#same = affine_map<(i, j) -> (i, j)>
func.func @pushed_whole(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_rows = "input"} {
    fixed.map ins(%x : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// CHECK: slice 0 of node `input` does not read row 0 of `x`, which the caller gives
#window = affine_map<(i, j, k) -> (i + k - 1, j)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @pushed_window(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_rows = "input"} {
  memplan.stream along <0>
      order dense<[[0, 0], [0, 1], [0, 2], [0, 3]]> : tensor<4x2xi32> {
    fixed.reduce max ins(%x : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2 | 3> maps [#window, #out] zero_point <0> acc i8
        node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// CHECK: node `input` runs in 2 slices for 4 rows of `x`
#same = affine_map<(i, j) -> (i, j)>
func.func @pushed_columns(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_rows = "input"} {
  memplan.stream along <1>
      order dense<[[0, 0], [0, 1]]> : tensor<2x2xi32> {
    fixed.map ins(%x : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// CHECK: node `input` reads `x`, which has no rows, but the caller delivers it row by row
#same = affine_map<(i, j) -> (i, j)>
func.func @pushed_vector(%x: memref<4xi8>, %y: memref<4x1xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_rows = "input"} {
  memplan.stream along <0>
      order dense<[[0, 0], [0, 1], [0, 2], [0, 3]]> : tensor<4x2xi32> {
    fixed.map ins(%x : memref<4xi8>) outs(%y : memref<4x1xi8>) domain <4, 1> maps [affine_map<(i, j) -> (i)>, #same] node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  }
  func.return
}

// -----

// The caller has written the input before the first step.
// CHECK: node `input` stands for the caller: it must be the first step
#same = affine_map<(i, j) -> (i, j)>
func.func @given_late(%x: memref<4x2xi8>, %y: memref<4x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x2xi8>, permutation <0, 1>>], memplan.input_arena = "input"} {
  %a = memplan.buffer : memref<4x2xi8>
  memplan.opaque outs(%a : memref<4x2xi8>) node "first"
    fixed.map ins(%x : memref<4x2xi8>) outs(%y : memref<4x2xi8>) domain <4, 2> maps [#same, #same] node "input" {
    ^bb0(%e: i8):
      fixed.yield %e : i8
    }
  func.return
}

// -----

// CHECK: node `input` stands for the caller: it must be a plain copy of `x`
#same = affine_map<(i, j) -> (i, j)>
func.func @given_turned(%x: memref<2x2xi8>, %y: memref<2x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<2x2xi8>, permutation <0, 1>>], memplan.input_arena = "input"} {
  fixed.map ins(%x : memref<2x2xi8>) outs(%y : memref<2x2xi8>) domain <2, 2> maps [affine_map<(i, j) -> (j, i)>, #same]
      node "input" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}

// -----

// CHECK: node `input` stands for the caller: it must be a plain copy of `x`
#same = affine_map<(i, j) -> (i, j)>
func.func @given_changed(%x: memref<2x2xi8>, %y: memref<2x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<2x2xi8>, permutation <0, 1>>], memplan.input_arena = "input"} {
  fixed.map ins(%x : memref<2x2xi8>) outs(%y : memref<2x2xi8>) domain <2, 2> maps [#same, #same] node "input" {
  ^bb0(%e: i8):
    %0 = arith.addi %e, %e : i8
    fixed.yield %0 : i8
  }
  func.return
}

// -----

// CHECK: node `input` stands for the caller, who writes `x` to the first bytes of an arena, in order
#same = affine_map<(i, j) -> (i, j)>
func.func @given_elsewhere(%x: memref<2x2xi8>, %y: memref<2x2xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<2x2xi8>, permutation <0, 1>>], memplan.input_arena = "input"} {
  %arena = memplan.arena size 8 align 1 in "sram" : memref<8xi8>
  %a = memplan.view %arena at 4 node "a" : memref<8xi8> -> memref<2x2xi8>
  fixed.map ins(%x : memref<2x2xi8>) outs(%a : memref<2x2xi8>) domain <2, 2> maps [#same, #same] node "input" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}
