// RUN: tinyml-opt -p convert-loops-to-emitc -t c %s | filecheck %s
// RUN: tinyml-opt -p convert-loops-to-emitc -t c %s | filecheck %s --check-prefix=NOT
// RUN: tinyml-opt -p convert-loops-to-emitc -t hls %s | filecheck %s --check-prefix=HLS

// Memory of more than 8 bits an element is accessed through typedefs, each printed where it is used; constants are not.

// NOT-NOT:     NET_INT8
// NOT-NOT:     NET_INT64
// CHECK:       #define NET_FLASH{{$}}
// CHECK-NEXT:  #endif
// CHECK-EMPTY:
// CHECK-NEXT:  /* Buffers of different types share memory. */
// CHECK-NEXT:  typedef int16_t __attribute__((__may_alias__)) NET_INT16;
// CHECK-NEXT:  typedef int32_t __attribute__((__may_alias__)) NET_INT32;
// CHECK-EMPTY:
// CHECK-NEXT:  static int8_t net_bytes[4];
"memref.global"() <{sym_name = "net_bytes", sym_visibility = "private", type = memref<4xi8>, initial_value}> : () -> ()
// CHECK-NEXT:  static int32_t net_sums[4];
"memref.global"() <{sym_name = "net_sums", sym_visibility = "private", type = memref<4xi32>, initial_value}> : () -> ()
// CHECK-NEXT:  static const NET_FLASH int32_t net_bias[4] = {
"memref.global"() <{sym_name = "net_bias", sym_visibility = "private", type = memref<4xi32, "flash">,
                    initial_value = dense<[1, 2, 3, 4]> : tensor<4xi32>, constant}> : () -> ()
"memref.global"() <{sym_name = "net_far", sym_visibility = "private", type = memref<1xi64, "flash">,
                    initial_value = dense<9> : tensor<1xi64>, constant}> : () -> ()

// CHECK:       static void step(const int8_t *a, const NET_FLASH int32_t *b, const NET_FLASH int64_t *f, NET_INT32 *s, NET_INT16 *o) {
// CHECK-NEXT:    s[1] = b[1] + (int32_t)f[0];
// CHECK-NEXT:    o[0] = (int16_t)a[0];
// CHECK-NEXT:  }
// HLS:         static void step(const ap_int<8> a[4],
// HLS-NEXT:        const ap_int<32> b[4],
// HLS-NEXT:        const ap_int<64> f[1],
// HLS-NEXT:        ap_int<32> s[4],
// HLS-NEXT:        ap_int<16> o[4]) {
func.func private @step(%a: memref<4xi8>, %b: memref<4xi32, "flash">, %f: memref<1xi64, "flash">, %s: memref<4xi32>,
                        %o: memref<4xi16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %bias = memref.load %b[%c1] : memref<4xi32, "flash">
  %far = memref.load %f[%c0] : memref<1xi64, "flash">
  %near = arith.trunci %far : i64 to i32
  %sum = arith.addi %bias, %near : i32
  memref.store %sum, %s[%c1] : memref<4xi32>
  %x = memref.load %a[%c0] : memref<4xi8>
  %y = arith.extsi %x : i8 to i16
  memref.store %y, %o[%c0] : memref<4xi16>
  func.return
}

// CHECK:       void net_run(int16_t *o) {
// CHECK-NEXT:    step(net_bytes, net_bias, net_far, (NET_INT32 *)net_sums, (NET_INT16 *)o);
// CHECK-NEXT:    net_sums[0] = 7;
// CHECK-NEXT:  }
// HLS:         void net_run(ap_int<16> o[4]) {
// HLS-NEXT:      step(net_bytes, net_bias, net_far, net_sums, o);
// HLS-NEXT:      net_sums[0] = 7;
// HLS-NEXT:    }
func.func @net(%o: memref<4xi16>) {
  %c0 = arith.constant 0 : index
  %seven = arith.constant 7 : i32
  %bytes = memref.get_global @net_bytes : memref<4xi8>
  %sums = memref.get_global @net_sums : memref<4xi32>
  %bias = memref.get_global @net_bias : memref<4xi32, "flash">
  %far = memref.get_global @net_far : memref<1xi64, "flash">
  func.call @step(%bytes, %bias, %far, %sums, %o)
      : (memref<4xi8>, memref<4xi32, "flash">, memref<1xi64, "flash">, memref<4xi32>, memref<4xi16>) -> ()
  memref.store %seven, %sums[%c0] : memref<4xi32>
  func.return
}
