// RUN: tinyml-opt -p 'memplan-fit{ram=72 alignment=1}' %s | filecheck %s --check-prefix=WHOLE
// RUN: tinyml-opt -p 'memplan-fit{ram=30 alignment=1},memplan-check' %s | filecheck %s --check-prefix=STREAM
// RUN: tinyml-opt -p 'memplan-fit{ram=12 alignment=1 required=false},memplan-check' %s | filecheck %s --check-prefix=LEAST
// RUN: not tinyml-opt -p 'memplan-fit{ram=12 alignment=1}' %s 2>&1 | filecheck %s --check-prefix=ERROR

// Whole tensors cost nothing: they are taken where they fit.
// WHOLE: memplan.fit = {way = "whole", fits = true, ram = 72 : i64, peak = {{[0-9]+}} : i64, macs = 0 : i64, moved = 0 : i64, slices = 0 : i64
// WHOLE-NOT: memplan.stream along

// In 30 bytes only slices fit: three rows of the first tensor, and one of the second in place of a dying one.
// STREAM: memplan.fit = {way = "stream", fits = true, ram = 30 : i64, peak = {{18|2[0-9]|30}} : i64
// STREAM-SAME: slices = 18 : i64, tried = [{way = "whole"
// STREAM: memplan.stream along

// Nothing fits 12 bytes. The smallest plan, or why there is none:
// LEAST: memplan.fit = {way = "stream", fits = false, ram = 12 : i64, peak = 18 : i64
// ERROR: @chain does not fit 12 bytes: the smallest plan found (stream) needs 18, 6 too many. The peak is at 'q[1]', where 2 buffers are alive (bytes): p 18, q 6.
func.func @chain(%x: memref<1x6x6xi8>, %y: memref<1x6x6xi8>) {
  %a = memplan.buffer node "p" : memref<1x6x6xi8>
  fixed.reduce max ins(%x : memref<1x6x6xi8>) outs(%a : memref<1x6x6xi8>) domain <6, 6 | 3>
      maps [affine_map<(d0, d1, d2) -> (0, d0 + d2 - 1, d1)>, affine_map<(d0, d1, d2) -> (0, d0, d1)>] zero_point <0> acc i8 node "p" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  %b = memplan.buffer node "q" : memref<1x6x6xi8>
  fixed.reduce max ins(%a : memref<1x6x6xi8>) outs(%b : memref<1x6x6xi8>) domain <6, 6 | 3>
      maps [affine_map<(d0, d1, d2) -> (0, d0 + d2 - 1, d1)>, affine_map<(d0, d1, d2) -> (0, d0, d1)>] zero_point <0> acc i8 node "q" {
  ^bb0(%m: i8):
    fixed.yield %m : i8
  }
  fixed.map ins(%a, %b : memref<1x6x6xi8>, memref<1x6x6xi8>) outs(%y : memref<1x6x6xi8>) domain <6, 6>
      maps [affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>, affine_map<(d0, d1) -> (0, d0, d1)>] node "s" {
  ^bb0(%l: i8, %r: i8):
    %0 = arith.maxsi %l, %r : i8
    fixed.yield %0 : i8
  }
  func.return
}
