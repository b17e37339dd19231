// RUN: tinyml-opt -p 'convert-loops-to-emitc{index-bits=16 near-flash=8}' %s | filecheck %s
// RUN: tinyml-opt -p 'convert-loops-to-emitc{index-bits=16 near-flash=8}' -t c %s | filecheck %s --check-prefix=C
// RUN: tinyml-opt -p 'convert-loops-to-emitc{index-bits=16 near-flash=20}' -t c %s | filecheck %s --check-prefix=NEAR

// The smaller constant finds a place in 8 bytes, the larger one is read by addresses of 24 bits.
// CHECK:      emitc.global static const @net_large : !emitc.array<6xi16> = dense<[1, 2, 3, 4, 5, 6]> {mcu.flash, mcu.far}
// CHECK-NEXT: emitc.global static const @net_small : !emitc.array<2xi8> = dense<[1, 2]> {mcu.flash, mcu.near}

// C:      #define NET_FLASH __flash
// C-NEXT: #define NET_FAR __memx
// C-NEXT: #define NET_NEAR __attribute__((section(".progmem.gcc.net")))
// C-NEXT: #else
// C-NEXT: #define NET_FLASH
// C-NEXT: #define NET_FAR
// C-NEXT: #define NET_NEAR
// C:      static const NET_FAR int16_t net_large[6] = {
// C:      static const NET_FLASH int8_t net_small[2] NET_NEAR = {
// C:      net_large[0]

// NEAR-NOT: FAR
// NEAR:     static const NET_FLASH int16_t net_large[6] = {
"memref.global"() <{sym_name = "net_large", type = memref<6xi16, "flash">, initial_value = dense<[1, 2, 3, 4, 5, 6]> : tensor<6xi16>, sym_visibility = "private", constant}> : () -> ()
"memref.global"() <{sym_name = "net_small", type = memref<2xi8, "flash">, initial_value = dense<[1, 2]> : tensor<2xi8>, sym_visibility = "private", constant}> : () -> ()
func.func @net(%y: memref<1xi16>) {
  %c0 = arith.constant 0 : index
  %large = memref.get_global @net_large : memref<6xi16, "flash">
  %small = memref.get_global @net_small : memref<2xi8, "flash">
  %a = memref.load %large[%c0] : memref<6xi16, "flash">
  %b = memref.load %small[%c0] : memref<2xi8, "flash">
  %w = arith.extsi %b : i8 to i16
  %s = arith.addi %a, %w : i16
  memref.store %s, %y[%c0] : memref<1xi16>
  func.return
}
