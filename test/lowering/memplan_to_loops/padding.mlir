// RUN: tinyml-opt -p 'convert-memplan-to-loops{padding=clip}' %s | filecheck %s --check-prefix CLIP
// RUN: tinyml-opt -p 'convert-memplan-to-loops{padding=guard}' %s | filecheck %s --check-prefix GUARD

// A one-dimensional convolution: kernel 3, stride 2, one element of padding at either end of 5.

// Clipped, the loop over the kernel runs from max(0, 1 - 2 ow) to min(3, 6 - 2 ow).
// CLIP:      scf.for %ow = %c0 to %c3 step %c1 {
// CLIP-NEXT:   %[[TWICE:.*]] = arith.muli %ow, %c2 : index
// CLIP-NEXT:   %[[ROW:.*]] = arith.subi %[[TWICE]], %c1 : index
// CLIP-NEXT:   %[[LEFT:.*]] = arith.subi %c5, %[[ROW]] : index
// CLIP-NEXT:   %[[UPPER:.*]] = arith.minsi %[[LEFT]], %c3 : index
// CLIP-NEXT:   %[[MISSING:.*]] = arith.subi %c0, %[[ROW]] : index
// CLIP-NEXT:   %[[LOWER:.*]] = arith.maxsi %[[MISSING]], %c0 : index
// CLIP-NEXT:   scf.for %oc = %c0 to %c4 step %c1 {
// CLIP-NEXT:     scf.for %kw = %[[LOWER]] to %[[UPPER]] step %c1 iter_args
// CLIP-NEXT:       %[[INDEX:.*]] = arith.addi %[[ROW]], %kw : index
// CLIP-NEXT:       memref.load %in0[%[[INDEX]]] : memref<5xi8>
// CLIP-NOT:        scf.if

// Guarded, it always runs three times.
// GUARD:      scf.for %ow = %c0 to %c3 step %c1 {
// GUARD-NEXT:   %[[TWICE:.*]] = arith.muli %ow, %c2 : index
// GUARD-NEXT:   %[[ROW:.*]] = arith.subi %[[TWICE]], %c1 : index
// GUARD-NEXT:   scf.for %oc = %c0 to %c4 step %c1 {
// GUARD-NEXT:     scf.for %kw = %c0 to %c3 step %c1 iter_args(%acc = %{{.*}}) -> (i32) {
// GUARD-NEXT:       %[[INDEX:.*]] = arith.addi %[[ROW]], %kw : index
// GUARD-NEXT:       %[[GE:.*]] = arith.cmpi sge, %[[INDEX]], %c0 : index
// GUARD-NEXT:       %[[LT:.*]] = arith.cmpi slt, %[[INDEX]], %c5 : index
// GUARD-NEXT:       %[[IN:.*]] = arith.andi %[[GE]], %[[LT]] : i1
// GUARD-NEXT:       %[[NEXT:.*]] = scf.if %[[IN]] -> (i32) {
// GUARD-NEXT:         memref.load %in0[%[[INDEX]]] : memref<5xi8>
// GUARD:            } else {
// GUARD-NEXT:         scf.yield %acc : i32
func.func @rows(%x: memref<5xi8>, %y: memref<3x4xi32>) {
  %w = fixed.constant dense<1> : tensor<4x3xi8> as memref<4x3xi8, "flash">
  fixed.contract ins(%x, %w : memref<5xi8>, memref<4x3xi8, "flash">) outs(%y : memref<3x4xi32>) domain <3, 4 | 3>
    maps [affine_map<(p, o, k) -> (p * 2 + k - 1)>, affine_map<(p, o, k) -> (o, k)>, affine_map<(p, o, k) -> (p, o)>]
    zero_points <0, 0> acc i32 node "rows" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  func.return
}

// Padding at the low end only, dilation 2: the upper bound is the kernel's, the lower is rounded up by a division.
// CLIP:      func.func private @causal_sum
// CLIP:      scf.for %ow = %c0 to %c5 step %c1 {
// CLIP-NEXT:   %[[BASE:.*]] = arith.subi %ow, %c4 : index
// CLIP-NEXT:   %[[MISSING:.*]] = arith.subi %c0, %[[BASE]] : index
// CLIP-NEXT:   %[[POSITIVE:.*]] = arith.maxsi %[[MISSING]], %c0 : index
// CLIP-NEXT:   %[[ROUNDED:.*]] = arith.addi %[[POSITIVE]], %c1 : index
// CLIP-NEXT:   %[[LOWER:.*]] = arith.divsi %[[ROUNDED]], %c2 : index
// CLIP-NEXT:   scf.for %kw = %[[LOWER]] to %c3 step %c1 iter_args
// CLIP-NEXT:     %[[TAP:.*]] = arith.muli %kw, %c2 : index
// CLIP-NEXT:     %[[INDEX:.*]] = arith.addi %[[BASE]], %[[TAP]] : index

// One test is enough.
// GUARD:      func.func private @causal_sum
// GUARD:      %[[TAP:.*]] = arith.muli %kw, %c2 : index
// GUARD-NEXT: %[[INDEX:.*]] = arith.addi %{{.*}}, %[[TAP]] : index
// GUARD-NEXT: %[[GE:.*]] = arith.cmpi sge, %[[INDEX]], %c0 : index
// GUARD-NEXT: scf.if %[[GE]] -> (i32) {
func.func @causal(%x: memref<5xi8>, %y: memref<5xi32>) {
  fixed.reduce sum ins(%x : memref<5xi8>) outs(%y : memref<5xi32>) domain <5 | 3>
    maps [affine_map<(p, k) -> (p + k * 2 - 4)>, affine_map<(p, k) -> (p)>] zero_point <0> acc i32 node "sum" {
  ^bb0(%acc: i32):
    fixed.yield %acc : i32
  }
  func.return
}
