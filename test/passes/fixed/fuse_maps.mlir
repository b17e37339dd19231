// RUN: tinyml-opt -p 'fixed-fuse-maps' %s --split-input-file | filecheck %s

!x = tensor<1x4x!fixed.q<i8, 2^-4>>
!y = tensor<1x2x!fixed.q<i8, 2^-4>>

// Relu and a table move into the dense layer; the two clamps become one.
// CHECK-LABEL: func.func @dense_relu_table
func.func @dense_relu_table(%x: !x) -> !y {
  %w = fixed.constant dense<1> : tensor<2x4xi8> as tensor<2x4xi8>
  %t = fixed.constant dense<7> : tensor<128xi8> as tensor<128xi8>
  // CHECK: %[[Y:.*]] = fixed.contract ins(%x, %w : {{.*}}) tables(%t : tensor<128xi8>) domain <1, 2 | 4>
  // CHECK-SAME: node "dense" {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: i32, %[[TABLE:.*]]: tensor<128xi8>):
  // CHECK-NEXT: %[[SCALED:.*]] = fixed.rescale %[[ACC]] shift 7 half_up in i32 : i32 -> i32
  // CHECK-NEXT: %[[CLAMPED:.*]] = fixed.saturate %[[SCALED]] to [0, 100] : i32 -> i8
  // CHECK-NEXT: %[[WIDE:.*]] = fixed.extend %[[CLAMPED]] : i8 -> i32
  // CHECK-NEXT: %[[V:.*]] = fixed.lookup %[[TABLE]][%[[WIDE]]] : tensor<128xi8>, i32 -> i8
  // CHECK-NEXT: fixed.yield %[[V]] : i8
  %dense = fixed.contract ins(%x, %w : !x, tensor<2x4xi8>) domain <1, 2 | 4>
      maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>,
            affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 node "dense" {
  ^bb0(%acc: i32):
    %scaled = fixed.rescale %acc shift 7 half_up in i32 : i32 -> i32
    %clamped = fixed.saturate %scaled to [-128, 127] : i32 -> i8
    fixed.yield %clamped : i8
  } -> !y
  %relu = fixed.map ins(%dense : !y) domain <1, 2>
      maps [affine_map<(d0, d1) -> (0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] node "relu" {
  ^bb0(%e: i8):
    %wide = fixed.extend %e : i8 -> i32
    %v = fixed.saturate %wide to [0, 100] : i32 -> i8
    fixed.yield %v : i8
  } -> !y
  %table = fixed.map ins(%relu : !y) tables(%t : tensor<128xi8>) domain <1, 2>
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>] node "table" {
  ^bb0(%e: i8, %entries: tensor<128xi8>):
    %wide = fixed.extend %e : i8 -> i32
    %v = fixed.lookup %entries[%wide] : tensor<128xi8>, i32 -> i8
    fixed.yield %v : i8
  } -> !y
  // CHECK: func.return %[[Y]]
  func.return %table : !y
}

// -----

// The params of the map follow those of its producer, through the producer's own dimensions; the table stays last.
// CHECK-LABEL: func.func @params
func.func @params(%x: tensor<2x3xi8>) -> tensor<3x2xi32> {
  // CHECK: %a = fixed.constant
  %a = fixed.constant dense<[1, 2, 3]> : tensor<3xi32> as tensor<3xi32>
  %b = fixed.constant dense<[4, 5]> : tensor<2xi32> as tensor<2xi32>
  %t = fixed.constant dense<[6, 7]> : tensor<2xi32> as tensor<2xi32>
  // CHECK: fixed.map ins(%x : tensor<2x3xi8>) params(%a, %b : tensor<3xi32>, tensor<2xi32>) tables(%t : tensor<2xi32>)
  // CHECK-SAME: domain <2, 3> maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>,
  // CHECK-SAME: affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d1, d0)>] {
  // CHECK-NEXT: ^bb0(%{{.*}}: i8, %[[A:.*]]: i32, %[[B:.*]]: i32, %{{.*}}: tensor<2xi32>):
  %first = fixed.map ins(%x : tensor<2x3xi8>) params(%a : tensor<3xi32>) tables(%t : tensor<2xi32>) domain <2, 3>
      maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i8, %p: i32, %entries: tensor<2xi32>):
    %index = fixed.saturate %e to [0, 1] : i8 -> i32
    %v = fixed.lookup %entries[%index] : tensor<2xi32>, i32 -> i32
    // CHECK: %[[SUM:.*]] = arith.addi %{{.*}}, %[[A]] : i32
    %sum = arith.addi %v, %p : i32
    fixed.yield %sum : i32
  } -> tensor<2x3xi32>
  // CHECK-NEXT: arith.addi %[[SUM]], %[[B]] : i32
  %second = fixed.map ins(%first : tensor<2x3xi32>) params(%b : tensor<2xi32>) domain <3, 2>
      maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i32, %p: i32):
    %sum = arith.addi %e, %p : i32
    fixed.yield %sum : i32
  } -> tensor<3x2xi32>
  func.return %second : tensor<3x2xi32>
}

// -----

// Not fused: a map whose producer has another user, one of two activations, and one that repeats its input.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: tensor<4xi8>) -> (tensor<4xi8>, tensor<4xi8>, tensor<2x4xi8>) {
  // CHECK: %[[SHARED:.*]] = fixed.map ins(%x :
  %shared = fixed.map ins(%x : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%e: i8):
    %v = fixed.saturate %e to [0, 9] : i8 -> i8
    fixed.yield %v : i8
  } -> tensor<4xi8>
  // CHECK: %[[USER:.*]] = fixed.map ins(%[[SHARED]] :
  %user = fixed.map ins(%shared : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%e: i8):
    %v = fixed.saturate %e to [1, 8] : i8 -> i8
    fixed.yield %v : i8
  } -> tensor<4xi8>
  // CHECK: %[[BOTH:.*]] = fixed.map ins(%[[USER]], %x :
  %both = fixed.map ins(%user, %x : tensor<4xi8>, tensor<4xi8>) domain <4>
      maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%e: i8, %f: i8):
    %v = arith.maxsi %e, %f : i8
    fixed.yield %v : i8
  } -> tensor<4xi8>
  // CHECK: %[[ONCE:.*]] = fixed.map ins(%x :
  %once = fixed.map ins(%x : tensor<4xi8>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<4xi8>
  // CHECK: fixed.map ins(%[[ONCE]] : tensor<4xi8>) domain <2, 4>
  %twice = fixed.map ins(%once : tensor<4xi8>) domain <2, 4>
      maps [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>] {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> tensor<2x4xi8>
  func.return %shared, %both, %twice : tensor<4xi8>, tensor<4xi8>, tensor<2x4xi8>
}

// -----

// Clamps and extensions merge; what is in range already is not clamped.
// CHECK-LABEL: func.func @simplify
func.func @simplify(%x: tensor<4xi32>) -> tensor<4xi32> {
  // CHECK: ^bb0(%[[E:.*]]: i32):
  // CHECK-NEXT: %[[A:.*]] = fixed.saturate %[[E]] to [0, 10] : i32 -> i16
  // CHECK-NEXT: %[[B:.*]] = fixed.extend %[[A]] : i16 -> i32
  // CHECK-NEXT: %[[C:.*]] = arith.addi %[[B]], %[[E]] : i32
  // CHECK-NEXT: fixed.saturate %[[C]] to [20, 20] : i32 -> i32
  // CHECK-NEXT: fixed.yield
  %y = fixed.map ins(%x : tensor<4xi32>) domain <4> maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] {
  ^bb0(%e: i32):
    %a = fixed.saturate %e to [-5, 10] : i32 -> i8
    %positive = fixed.saturate %a to [0, 127] : i8 -> i8
    %b = fixed.extend %positive : i8 -> i16
    %same = fixed.saturate %b to [0, 99] : i16 -> i16
    %wide = fixed.extend %same : i16 -> i32
    %c = arith.addi %wide, %e : i32
    %low = fixed.saturate %c to [-5, 10] : i32 -> i8
    %high = fixed.saturate %low to [20, 30] : i8 -> i32
    fixed.yield %high : i32
  } -> tensor<4xi32>
  func.return %y : tensor<4xi32>
}

// What stands before a scan is not moved into its rounds, where it would be computed again and again.
// CHECK-LABEL: func.func @repeated
func.func @repeated(%x: tensor<4x2x!fixed.q<i8, 2^-4>>, %h0: tensor<2x!fixed.q<i8, 2^-4>>, %c: tensor<2x!fixed.q<i8, 2^-4>>) -> tensor<2x!fixed.q<i8, 2^-4>> {
  // CHECK: fixed.map {{.*}} node "before"
    %b = fixed.map ins(%c : tensor<2x!fixed.q<i8, 2^-4>>) domain <2>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "before" {
    ^bb1(%e0: i8):
      %v = arith.maxsi %e0, %e0 : i8
      fixed.yield %v : i8
    } -> tensor<2x!fixed.q<i8, 2^-4>>
  %y = fixed.scan 4 states(%h0 : tensor<2x!fixed.q<i8, 2^-4>>) ins(%x : tensor<4x2x!fixed.q<i8, 2^-4>>)
      along <0> reversed <0> stacks along <> reversed <> {
  ^bb0(%h: tensor<2x!fixed.q<i8, 2^-4>>, %xt: tensor<2x!fixed.q<i8, 2^-4>>):
    // CHECK: fixed.map ins(%b : {{.*}} node "inside"
    %l = fixed.map ins(%b : tensor<2x!fixed.q<i8, 2^-4>>) domain <2>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "inside" {
    ^bb1(%e0: i8):
      %v = arith.minsi %e0, %e0 : i8
      fixed.yield %v : i8
    } -> tensor<2x!fixed.q<i8, 2^-4>>
    // CHECK: fixed.map {{.*}} node "round"
    %n = fixed.map ins(%h, %xt : tensor<2x!fixed.q<i8, 2^-4>>, tensor<2x!fixed.q<i8, 2^-4>>) domain <2>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "round" {
    ^bb1(%e0: i8, %e1: i8):
      %v = arith.maxsi %e0, %e1 : i8
      fixed.yield %v : i8
    } -> tensor<2x!fixed.q<i8, 2^-4>>
    // CHECK-NOT: fixed.map {{.*}} node "fused"
    %k = fixed.map ins(%n : tensor<2x!fixed.q<i8, 2^-4>>) domain <2>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "fused" {
    ^bb1(%e0: i8):
      %v = arith.minsi %e0, %e0 : i8
      fixed.yield %v : i8
    } -> tensor<2x!fixed.q<i8, 2^-4>>
    %last = fixed.map ins(%k, %l : tensor<2x!fixed.q<i8, 2^-4>>, tensor<2x!fixed.q<i8, 2^-4>>) domain <2>
        maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>] node "last" {
    ^bb1(%e0: i8, %e1: i8):
      %v = arith.minsi %e0, %e1 : i8
      fixed.yield %v : i8
    } -> tensor<2x!fixed.q<i8, 2^-4>>
    // CHECK: fixed.next
    fixed.next states(%last : tensor<2x!fixed.q<i8, 2^-4>>)
  } -> tensor<2x!fixed.q<i8, 2^-4>>
  func.return %y : tensor<2x!fixed.q<i8, 2^-4>>
}

// -----

// RUN: tinyml-opt -p 'fixed-fuse-maps{merge=true}' --split-input-file %s | filecheck %s --check-prefix=MERGE

// A gate: x is read once, by both factors; nothing else uses these, so that one map computes all.
// MERGE-LABEL: func.func @gate
// CHECK-LABEL: func.func @gate
// CHECK-COUNT-3: fixed.map
!t = tensor<1x4x!fixed.q<i8, 1.0>>
func.func @gate(%x: !t, %h: !t) -> !t {
  // MERGE: %[[Y:.*]] = fixed.map ins(%x, %h : {{.*}}) domain <1, 4> maps [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (0, d1)>] node "product"
  // MERGE-NEXT: ^bb0(%[[A:.*]]: i8, %[[B:.*]]: i8):
  // MERGE-NEXT: %[[P:.*]] = arith.maxsi %[[A]], %[[B]] : i8
  // MERGE-NEXT: %[[Q:.*]] = arith.minsi %[[A]], %[[P]] : i8
  // MERGE-NEXT: fixed.yield %[[Q]] : i8
  // MERGE-NEXT: }
  // MERGE-NEXT: return %[[Y]]
  %a = fixed.map ins(%x, %h : !t, !t) domain <1, 4> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] node "sum" {
  ^bb0(%e: i8, %f: i8):
    %0 = arith.maxsi %e, %f : i8
    fixed.yield %0 : i8
  } -> !t
  %b = fixed.map ins(%x : !t) domain <1, 4> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] node "copy" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  } -> !t
  %y = fixed.map ins(%b, %a : !t, !t) domain <1, 4> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] node "product" {
  ^bb0(%e: i8, %f: i8):
    %0 = arith.minsi %e, %f : i8
    fixed.yield %0 : i8
  } -> !t
  func.return %y : !t
}

// -----

// Two uses in two maps, and a row that is read again and again: computed once, kept.
// MERGE-LABEL: func.func @kept
// MERGE-COUNT-3: fixed.map
!t = tensor<1x4x!fixed.q<i8, 1.0>>
!w = tensor<3x4x!fixed.q<i8, 1.0>>
func.func @kept(%x: !t, %w: !w) -> (!w, !t) {
  %a = fixed.map ins(%x : !t) domain <1, 4> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i8):
    %0 = arith.maxsi %e, %e : i8
    fixed.yield %0 : i8
  } -> !t
  %b = fixed.map ins(%w, %a : !w, !t) domain <3, 4> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (0, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i8, %f: i8):
    %0 = arith.minsi %e, %f : i8
    fixed.yield %0 : i8
  } -> !w
  %c = fixed.map ins(%x, %x : !t, !t) domain <1, 4> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i8, %f: i8):
    %0 = arith.minsi %e, %f : i8
    fixed.yield %0 : i8
  } -> !t
  func.return %b, %c : !w, !t
}

// -----

// A product would keep two larger tensors until the layer in between is done: they go when they are read.
// MERGE-LABEL: func.func @early
// MERGE: fixed.map
// MERGE: fixed.contract
// MERGE: fixed.map
!t = tensor<1x4x!fixed.q<i8, 1.0>>
func.func @early(%x: !t, %h: !t) -> !t {
  %w = fixed.constant dense<1> : tensor<4x4xi8> as tensor<4x4xi8>
  %a = fixed.map ins(%x, %h : !t, !t) domain <1, 4> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i8, %f: i8):
    %0 = arith.maxsi %e, %f : i8
    fixed.yield %0 : i8
  } -> !t
  %c = fixed.contract ins(%x, %w : !t, tensor<4x4xi8>) domain <1, 4 | 4>
      maps [affine_map<(n, o, k) -> (n, k)>, affine_map<(n, o, k) -> (o, k)>, affine_map<(n, o, k) -> (n, o)>]
      zero_points <0, 0> acc i32 {
  ^bb0(%acc: i32):
    %s = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %s : i8
  } -> !t
  %y = fixed.map ins(%a, %c : !t, !t) domain <1, 4> maps [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>] {
  ^bb0(%e: i8, %f: i8):
    %0 = arith.minsi %e, %f : i8
    fixed.yield %0 : i8
  } -> !t
  func.return %y : !t
}

// -----

// Of one element the shape does not matter.
// CHECK-LABEL: func.func @one_element
func.func @one_element(%x: tensor<1x4x!fixed.q<i8, 2^-4>>) -> tensor<!fixed.q<i8, 2^-4>> {
  // CHECK: fixed.contract {{.*}} node "dense" {
  // CHECK-NOT: fixed.reshape
  // CHECK: fixed.yield
  // CHECK-NEXT: } -> tensor<!fixed.q<i8, 2^-4>>
  %w = fixed.constant dense<1> : tensor<1x4xi8> as tensor<1x4xi8>
  %dense = fixed.contract ins(%x, %w : tensor<1x4x!fixed.q<i8, 2^-4>>, tensor<1x4xi8>) domain <1, 1 | 4>
      maps [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>,
            affine_map<(d0, d1, d2) -> (d0, d1)>] zero_points <0, 0> acc i32 node "dense" {
  ^bb0(%acc: i32):
    %clamped = fixed.saturate %acc to [-128, 127] : i32 -> i8
    fixed.yield %clamped : i8
  } -> tensor<1x1x!fixed.q<i8, 2^-4>>
  %flat = fixed.reshape %dense : tensor<1x1x!fixed.q<i8, 2^-4>> -> tensor<!fixed.q<i8, 2^-4>>
  %relu = fixed.map ins(%flat : tensor<!fixed.q<i8, 2^-4>>) domain <> maps [affine_map<() -> ()>, affine_map<() -> ()>] node "relu" {
  ^bb0(%e: i8):
    %v = fixed.saturate %e to [0, 127] : i8 -> i8
    fixed.yield %v : i8
  } -> tensor<!fixed.q<i8, 2^-4>>
  func.return %relu : tensor<!fixed.q<i8, 2^-4>>
}
