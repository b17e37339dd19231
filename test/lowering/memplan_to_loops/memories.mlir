// RUN: tinyml-opt -p 'convert-memplan-to-loops{sections="dtcm=.fast"}' %s | filecheck %s
// RUN: tinyml-opt -p 'convert-memplan-to-loops{sections="dtcm=.fast"},convert-loops-to-emitc' -t c %s | filecheck %s --check-prefix=C
// RUN: tinyml-opt -p 'convert-memplan-to-loops{sections="dtcm=.fast"},convert-loops-to-emitc' -t header %s | filecheck %s --check-prefix=HEADER

// The first arena is the one that the caller writes the input into: it alone is public, under the name that all models
// have. Only `sram` is where static data lie without being told.
// CHECK:      sym_name = "net_arena", type = memref<8xi8>, initial_value, sym_visibility = "public", alignment = 4 : i64
// CHECK-SAME:   {mcu.memory = "dtcm", mcu.section = ".fast"}
// CHECK-NEXT: sym_name = "net_arena_sram", type = memref<16xi8>, initial_value, sym_visibility = "private", alignment = 4 : i64}> : ()
// CHECK-NEXT: sym_name = "net_arena_psram", type = memref<8xi8>, initial_value, sym_visibility = "private", alignment = 8 : i64
// CHECK-SAME:   {mcu.memory = "psram"}
// CHECK:      func.func @net(%y: memref<8xi8>)
// CHECK:        memref.get_global @net_arena : memref<8xi8>
// CHECK:        memref.get_global @net_arena_sram : memref<16xi8>
// CHECK:        memref.get_global @net_arena_psram : memref<8xi8>

// C:          /* How an arena gets into its memory: see net.h. */
// C-NEXT:     #ifndef NET_DTCM
// C-NEXT:     #define NET_DTCM
// C-NEXT:     #endif
// C-NEXT:     #ifndef NET_PSRAM
// C-NEXT:     #define NET_PSRAM
// C-NEXT:     #endif
// C:          {{^}}NET_DTCM int8_t net_arena[8] __attribute__((aligned(4)));
// C-NEXT:     static int8_t net_arena_sram[16] __attribute__((aligned(4)));
// C-NEXT:     static NET_PSRAM int8_t net_arena_psram[8] __attribute__((aligned(8)));

// HEADER:      Integers only; static arenas, no heap; not reentrant. */
// HEADER:      #define NET_ARENA_BYTES 32
// HEADER-NEXT: /* 8 of them are meant for the memory dtcm. They lie there when net.c is
// HEADER-NEXT:    compiled with -DNET_DTCM='__attribute__((section(".fast")))'; else with all other static data. */
// HEADER-NEXT: #define NET_DTCM_BYTES 8
// HEADER-NEXT: /* 8 of them are meant for the memory psram. They lie there when net.c is
// HEADER-NEXT:    compiled with -DNET_PSRAM='__attribute__((section("SECTION")))'; else with all other static data. */
// HEADER-NEXT: #define NET_PSRAM_BYTES 8
// HEADER:      extern int8_t net_arena[NET_ARENA_BYTES - 24];
func.func @net(%x: memref<8xi8>, %y: memref<8xi8>) attributes {
    memplan.input_arena = "input",
    fixed.inputs = [#fixed.port<"x", tensor<8xi8>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<8xi8>, permutation <0>>]} {
  %fast = memplan.arena size 8 align 4 in "dtcm" : memref<8xi8>
  %default = memplan.arena size 16 align 4 in "sram" : memref<16xi8>
  %slow = memplan.arena size 8 align 8 in "psram" : memref<8xi8>
  %in = memplan.view %fast at 0 : memref<8xi8> -> memref<8xi8>
  fixed.map ins(%x : memref<8xi8>) outs(%in : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "input" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %a = memplan.view %default at 8 : memref<16xi8> -> memref<8xi8>
  fixed.map ins(%in : memref<8xi8>) outs(%a : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "a" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  %b = memplan.view %slow at 0 : memref<8xi8> -> memref<8xi8>
  fixed.map ins(%a : memref<8xi8>) outs(%b : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "b" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  fixed.map ins(%b : memref<8xi8>) outs(%y : memref<8xi8>) domain <8>
    maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] node "y" {
  ^bb0(%e: i8):
    fixed.yield %e : i8
  }
  func.return
}
