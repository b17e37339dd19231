// RUN: tinyml-opt -p 'convert-loops-to-emitc{index-bits=16}' -t c %s | filecheck %s
// RUN: tinyml-opt -p 'convert-loops-to-emitc{index-bits=32}' -t hls %s | filecheck %s --check-prefix=HLS

// Numbers of 24 bits are three bytes with avr-gcc, and the same numbers in 32 bits elsewhere.
// CHECK:      typedef __int24 NET_INT24;
// CHECK-NEXT: #else
// CHECK-NEXT: typedef int32_t NET_INT24;
// CHECK-NEXT: #endif
"memref.global"() <{sym_name = "net_bias", type = memref<2xi24, "flash">, initial_value = dense<[100000, -8388608]> : tensor<2xi24>, sym_visibility = "private", constant}> : () -> ()
// CHECK:      static const NET_FLASH NET_INT24 net_bias[2] = {
// CHECK-NEXT:   100000, -8388608,
func.func @net(%x: memref<2xi8>, %y: memref<2xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = memref.load %x[%c0] : memref<2xi8>
  %bias = memref.get_global @net_bias : memref<2xi24, "flash">
  %b = memref.load %bias[%c1] : memref<2xi24, "flash">
  %wide = arith.extsi %e : i8 to i24
  %sum = arith.addi %wide, %b : i24
  %k = arith.constant 8 : i24
  %s = arith.shrsi %sum, %k : i24
  %big = arith.constant 70000 : i24
  %m = arith.maxsi %s, %big : i24
  %z = arith.trunci %m : i24 to i8
  // CHECK: NET_INT24 s = (NET_INT24)((NET_INT24)((NET_INT24)x[0] + net_bias[1]) >> 8);
  // CHECK-NEXT: y[0] = (int8_t)(s > (NET_INT24)INT32_C(70000) ? s : (NET_INT24)INT32_C(70000));
  // HLS: ap_int<24> s = (ap_int<24>)(x[0] + net_bias[1]) >> 8;
  memref.store %z, %y[%c0] : memref<2xi8>
  return
}
