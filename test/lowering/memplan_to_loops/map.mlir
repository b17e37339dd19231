// RUN: tinyml-opt -p convert-memplan-to-loops %s | filecheck %s

// A table of 256 entries: the index is the byte plus 128.
// CHECK:      func.func private @table_sigmoid(%in0: memref<8xi8>, %out: memref<8xi8>) attributes {{{.*}}} {
// CHECK:        %[[TABLE:.*]] = memref.get_global @table_w0 : memref<256xi8, "flash">
// CHECK-NEXT:   scf.for %i = %c0 to %c8 step %c1 {
// CHECK-NEXT:     %[[E:.*]] = memref.load %in0[%i] : memref<8xi8>
// CHECK-NEXT:     %[[WIDE:.*]] = arith.extsi %[[E]] : i8 to i16
// CHECK-NEXT:     %[[SUM:.*]] = arith.addi %[[WIDE]], %c128 : i16
// CHECK-NEXT:     %[[INDEX:.*]] = arith.index_cast %[[SUM]] : i16 to index
// CHECK-NEXT:     %[[VALUE:.*]] = memref.load %[[TABLE]][%[[INDEX]]] : memref<256xi8, "flash">
// CHECK-NEXT:     memref.store %[[VALUE]], %out[%i] : memref<8xi8>
// CHECK-NEXT:   } {mcu.label = "sigmoid_i"}
func.func @table(%x: memref<8x!fixed.q<i8, 2^-4>>, %y: memref<8x!fixed.q<i8, 2^-7>>) {
  %t = fixed.constant dense<1> : tensor<256xi8> as memref<256xi8, "flash">
  fixed.map ins(%x : memref<8x!fixed.q<i8, 2^-4>>) tables(%t : memref<256xi8, "flash">)
    outs(%y : memref<8x!fixed.q<i8, 2^-7>>) domain <8> maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>]
    node "sigmoid" {
  ^bb0(%e: i8, %table: memref<256xi8, "flash">):
    %0 = fixed.extend %e : i8 -> i16
    %c128 = arith.constant 128 : i16
    %1 = arith.addi %0, %c128 : i16
    %2 = fixed.lookup %table[%1] : memref<256xi8, "flash">, i16 -> i8
    fixed.yield %2 : i8
  }
  func.return
}

// Bounds that the source type implies are not tested; ui8 compares without sign, and its bits are stored as i8.
// CHECK:      func.func private @clamp_map(
// CHECK:        %[[E:.*]] = memref.load %in0[%i] : memref<8xi8>
// CHECK-NEXT:   %[[LOW:.*]] = arith.minui %[[E]], %cm56 : i8
// CHECK-NEXT:   memref.store %[[LOW]], %out[%i] : memref<8xi8>
func.func @clamp(%x: memref<8xui8>, %y: memref<8xui8>) {
  fixed.map ins(%x : memref<8xui8>) outs(%y : memref<8xui8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
  ^bb0(%e: ui8):
    %0 = fixed.saturate %e to [0, 200] : ui8 -> ui8
    fixed.yield %0 : ui8
  }
  func.return
}

// Every rounding of x / 2^4.
// CHECK:      func.func private @round_map(
// CHECK:        %[[X:.*]] = memref.load %in0[%i] : memref<8xi32>
// CHECK-NEXT:   %[[UP:.*]] = arith.addi %[[X]], %c8{{.*}} : i32
// CHECK-NEXT:   %[[HALF_UP:.*]] = arith.shrsi %[[UP]], %c4 : i32
// CHECK-NEXT:   %[[FLOOR:.*]] = arith.shrsi %[[HALF_UP]], %c4 : i32
// CHECK-NEXT:   %[[ODD:.*]] = arith.andi %[[FLOOR]], %c1{{.*}} : i32
// CHECK-NEXT:   %[[BELOW:.*]] = arith.addi %[[HALF_UP]], %c7 : i32
// CHECK-NEXT:   %[[TIES:.*]] = arith.addi %[[BELOW]], %[[ODD]] : i32
// CHECK-NEXT:   %[[HALF_EVEN:.*]] = arith.shrsi %[[TIES]], %c4 : i32
// CHECK-NEXT:   %[[SIGN:.*]] = arith.shrsi %[[HALF_EVEN]], %c31 : i32
// CHECK-NEXT:   %[[HALF:.*]] = arith.addi %[[HALF_EVEN]], %c8{{.*}} : i32
// CHECK-NEXT:   %[[AWAY:.*]] = arith.addi %[[HALF]], %[[SIGN]] : i32
// CHECK-NEXT:   %[[HALF_AWAY:.*]] = arith.shrsi %[[AWAY]], %c4 : i32
// CHECK-NEXT:   %[[SIGNS:.*]] = arith.shrsi %[[HALF_AWAY]], %c31 : i32
// CHECK-NEXT:   %[[MASK:.*]] = arith.andi %[[SIGNS]], %c15 : i32
// CHECK-NEXT:   %[[BIASED:.*]] = arith.addi %[[HALF_AWAY]], %[[MASK]] : i32
// CHECK-NEXT:   %[[TRUNCATE:.*]] = arith.shrsi %[[BIASED]], %c4 : i32
// CHECK-NEXT:   %[[LAST:.*]] = arith.shrsi %[[TRUNCATE]], %c4 : i32
// CHECK-NEXT:   memref.store %[[LAST]]
func.func @round(%x: memref<8xi32>, %y: memref<8xi32>) {
  fixed.map ins(%x : memref<8xi32>) outs(%y : memref<8xi32>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {
  ^bb0(%e: i32):
    %0 = fixed.rescale %e shift 4 half_up in i32 : i32 -> i32
    %1 = fixed.rescale %0 shift 4 half_even in i32 : i32 -> i32
    %2 = fixed.rescale %1 shift 4 half_away in i32 : i32 -> i32
    %3 = fixed.rescale %2 shift 4 truncate in i32 : i32 -> i32
    %4 = fixed.rescale %3 shift 4 floor in i32 : i32 -> i32
    fixed.yield %4 : i32
  }
  func.return
}
