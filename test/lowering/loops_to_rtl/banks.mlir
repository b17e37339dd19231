// RUN: tinyml-opt -p 'convert-loops-to-rtl{word_registers=2 bank_bits=512}' %s | filecheck %s
// RUN: tinyml-opt -p 'convert-loops-to-rtl{word_registers=2}' %s | filecheck %s --check-prefix WHOLE
// RUN: ! tinyml-opt -p 'convert-loops-to-rtl{bank_bits=1000}' %s 2>&1 | filecheck %s --check-prefix POWER

// POWER: bank_bits is a power of two from 512 on, or 0

// A constant of 640 bytes is banks of block RAMs of 512 bits: 512 words of a bit and 128 of four. Both are read in each
// step; one of their words is chosen behind the first of two registers.
// CHECK:      rtl.memory @net_table__bank0 words 512 lanes 1 : i8
// CHECK-NEXT: rtl.memory @net_table__bank1 words 128 lanes 1 : i8
// CHECK:      %[[BANK:.*]] = rtl.compute "shr"(%at) by 9 : (i11) -> i2
// CHECK-NEXT: %[[PLACE:.*]] = rtl.compute "resize"(%at) : (i11) -> i9
// CHECK-NEXT: %word0 = rtl.read @net_table__bank0 port 0[%[[PLACE]]] : (i9) -> i8
// CHECK-NEXT: %word0_1 = rtl.read @net_table__bank1 port 0[%[[PLACE]]] : (i9) -> i8
// CHECK-NEXT: %[[FIRST:.*]] = rtl.delay %word0 : i8 -> i8
// CHECK-NEXT: %[[SECOND:.*]] = rtl.delay %word0_1 : i8 -> i8
// CHECK-NEXT: %[[WORDS:.*]] = rtl.compute "join"(%[[FIRST]], %[[SECOND]]) : (i8, i8) -> i16
// CHECK-NEXT: %[[LATER:.*]] = rtl.delay %[[BANK]]
// CHECK-NEXT: %[[THEN:.*]] = rtl.delay %[[LATER]]
// CHECK-NEXT: %[[CHOSEN:.*]] = rtl.compute "pick"(%[[WORDS]], %[[THEN]]) : (i16, i2) -> i8
// CHECK-NEXT: rtl.delay %[[CHOSEN]]
// What is written goes to the bank that its place is in: so does the output, whose banks the top knows in their order.
// The place runs along with what is written, not with what is read three clocks before.
// CHECK:      %[[TO:.*]] = rtl.running 0 by [-639, 1]
// CHECK:      %[[NUMBER:.*]] = rtl.compute "shr"(%[[TO]]) by 9 : (i11) -> i2
// CHECK-NEXT: %[[IN_BANK:.*]] = rtl.compute "resize"(%[[TO]]) : (i11) -> i9
// CHECK-NEXT: %[[NUMBER_1:.*]] = rtl.delay %[[NUMBER]]
// CHECK-NEXT: %[[FLAGS:.*]] = rtl.compute "mask"(%[[NUMBER_1]], %{{.*}}) by 1 : (i2, i1) -> i2
// CHECK-NEXT: %[[IS_0:.*]] = rtl.compute "element"(%[[FLAGS]]) by 0 : (i2) -> i1
// CHECK-NEXT: %[[IS_1:.*]] = rtl.compute "element"(%[[FLAGS]]) by 1 : (i2) -> i1
// CHECK-NEXT: %[[AT:.*]] = rtl.delay %[[IN_BANK]]
// CHECK-NEXT: rtl.write @net__out1__bank0[%[[AT]]], %[[W:.*]] mask %[[IS_0]] : i9, i8, i1
// CHECK-NEXT: rtl.write @net__out1__bank1[%[[AT]]], %[[W]] mask %[[IS_1]] : i9, i8, i1
// CHECK:      rtl.top @net inputs [] outputs {{\[\[}}@net__out0], [@net__out1__bank0, @net__out1__bank1]]
// WHOLE:      rtl.memory @net_table words 640 lanes 1 block : i8
// WHOLE:      rtl.read @net_table port 0[%at] : (i11) -> i8

"memref.global"() <{sym_name = "net_table", type = memref<640xi8>, initial_value = dense<[-114, -77, -40, -3, 34, 71, 108, -106, -69, -32, 5, 42, 79, 116, -98, -61, -24, 13, 50, 87, 124, -90, -53, -16, 21, 58, 95, -119, -82, -45, -8, 29, 66, 103, -111, -74, -37, 0, 37, 74, 111, -103, -66, -29, 8, 45, 82, 119, -95, -58, -21, 16, 53, 90, -124, -87, -50, -13, 24, 61, 98, -116, -79, -42, -5, 32, 69, 106, -108, -71, -34, 3, 40, 77, 114, -100, -63, -26, 11, 48, 85, 122, -92, -55, -18, 19, 56, 93, -121, -84, -47, -10, 27, 64, 101, -113, -76, -39, -2, 35, 72, 109, -105, -68, -31, 6, 43, 80, 117, -97, -60, -23, 14, 51, 88, 125, -89, -52, -15, 22, 59, 96, -118, -81, -44, -7, 30, 67, 104, -110, -73, -36, 1, 38, 75, 112, -102, -65, -28, 9, 46, 83, 120, -94, -57, -20, 17, 54, 91, -123, -86, -49, -12, 25, 62, 99, -115, -78, -41, -4, 33, 70, 107, -107, -70, -33, 4, 41, 78, 115, -99, -62, -25, 12, 49, 86, 123, -91, -54, -17, 20, 57, 94, -120, -83, -46, -9, 28, 65, 102, -112, -75, -38, -1, 36, 73, 110, -104, -67, -30, 7, 44, 81, 118, -96, -59, -22, 15, 52, 89, -125, -88, -51, -14, 23, 60, 97, -117, -80, -43, -6, 31, 68, 105, -109, -72, -35, 2, 39, 76, 113, -101, -64, -27, 10, 47, 84, 121, -93, -56, -19, 18, 55, 92, -122, -85, -48, -11, 26, 63, 100, -114, -77, -40, -3, 34, 71, 108, -106, -69, -32, 5, 42, 79, 116, -98, -61, -24, 13, 50, 87, 124, -90, -53, -16, 21, 58, 95, -119, -82, -45, -8, 29, 66, 103, -111, -74, -37, 0, 37, 74, 111, -103, -66, -29, 8, 45, 82, 119, -95, -58, -21, 16, 53, 90, -124, -87, -50, -13, 24, 61, 98, -116, -79, -42, -5, 32, 69, 106, -108, -71, -34, 3, 40, 77, 114, -100, -63, -26, 11, 48, 85, 122, -92, -55, -18, 19, 56, 93, -121, -84, -47, -10, 27, 64, 101, -113, -76, -39, -2, 35, 72, 109, -105, -68, -31, 6, 43, 80, 117, -97, -60, -23, 14, 51, 88, 125, -89, -52, -15, 22, 59, 96, -118, -81, -44, -7, 30, 67, 104, -110, -73, -36, 1, 38, 75, 112, -102, -65, -28, 9, 46, 83, 120, -94, -57, -20, 17, 54, 91, -123, -86, -49, -12, 25, 62, 99, -115, -78, -41, -4, 33, 70, 107, -107, -70, -33, 4, 41, 78, 115, -99, -62, -25, 12, 49, 86, 123, -91, -54, -17, 20, 57, 94, -120, -83, -46, -9, 28, 65, 102, -112, -75, -38, -1, 36, 73, 110, -104, -67, -30, 7, 44, 81, 118, -96, -59, -22, 15, 52, 89, -125, -88, -51, -14, 23, 60, 97, -117, -80, -43, -6, 31, 68, 105, -109, -72, -35, 2, 39, 76, 113, -101, -64, -27, 10, 47, 84, 121, -93, -56, -19, 18, 55, 92, -122, -85, -48, -11, 26, 63, 100, -114, -77, -40, -3, 34, 71, 108, -106, -69, -32, 5, 42, 79, 116, -98, -61, -24, 13, 50, 87, 124, -90, -53, -16, 21, 58, 95, -119, -82, -45, -8, 29, 66, 103, -111, -74, -37, 0, 37, 74, 111, -103, -66, -29, 8, 45, 82, 119, -95, -58, -21, 16, 53, 90, -124, -87, -50, -13, 24, 61, 98, -116, -79, -42, -5, 32, 69, 106, -108, -71, -34, 3, 40, 77, 114, -100, -63, -26, 11, 48, 85, 122, -92, -55, -18, 19, 56, 93, -121, -84, -47, -10, 27, 64, 101, -113, -76, -39, -2, 35, 72, 109, -105, -68, -31, 6, 43, 80, 117, -97, -60, -23, 14, 51, 88, 125, -89, -52, -15, 22, 59, 96, -118, -81, -44, -7, 30, 67, 104, -110, -73, -36, 1, 38, 75, 112, -102, -65]> : tensor<640xi8>, sym_visibility = "private", constant}> : () -> ()
func.func private @net_copy(%out : memref<640xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c640 = arith.constant 640 : index
  %w = memref.get_global @net_table : memref<640xi8>
  scf.for %i = %c0 to %c640 step %c1 {
    %x = memref.load %w[%i] : memref<640xi8>
    memref.store %x, %out[%i] : memref<640xi8>
  }
  func.return
}

func.func @net(%in0 : memref<8xi8>, %out : memref<640xi8>) {
  func.call @net_copy(%out) : (memref<640xi8>) -> ()
  func.return
}
