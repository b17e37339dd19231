// RUN: tinyml-opt -p 'convert-loops-to-emitc{signless-ports=true}' %s | tinyml-opt -t hls | filecheck %s

// What synthesis is told, and streams, through emitc to C++. A constant of a width of C is an array of that.

// CHECK:       #include <hls_stream.h>
// CHECK:       static const int8_t net_w[4] = {
// CHECK:       static void net_scale(hls::stream<ap_int<5> > &in, ap_int<8> out[4]) {
// CHECK-NEXT:    #pragma HLS ARRAY_RESHAPE variable=net_w type=cyclic factor=2 dim=1
// CHECK-NEXT:    #pragma HLS BIND_STORAGE variable=net_w type=rom_1p impl=bram
// CHECK-NEXT:    for (int i = 0; i < 4; i++) {
// CHECK-NEXT:      #pragma HLS PIPELINE II=1
// CHECK-NEXT:      ap_int<5> v = in.read();
// CHECK-NEXT:      out[i] = v * (ap_int<8>)net_w[i];
"memref.global"() <{sym_name = "net_w", sym_visibility = "private", type = memref<4xi8, "flash">,
                    initial_value = dense<[-32, 31, 5, 7]> : tensor<4xi8>, constant}> : () -> ()
func.func private @net_scale(%in: !hls.stream<i5>, %out: memref<4xi8>) {
  %w = memref.get_global @net_w : memref<4xi8, "flash">
  hls.array_reshape %w "cyclic" factor 2 : memref<4xi8, "flash">
  hls.bind_storage %w "rom_1p" "bram" : memref<4xi8, "flash">
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    hls.pipeline ii 1
    %v = hls.read %in : !hls.stream<i5> -> i5
    %wide = arith.extsi %v : i5 to i8
    %k = memref.load %w[%i] : memref<4xi8, "flash">
    %p = arith.muli %wide, %k : i8
    memref.store %p, %out[%i] : memref<4xi8>
  }
  func.return
}

// CHECK:       static void net_split(const ap_int<5> in[4], hls::stream<ap_int<5> > &out) {
// CHECK:         for (int i = 0; i < 4; i++) {
// CHECK-NEXT:      out.write(in[i]);
func.func private @net_split(%in: memref<4xi5>, %out: !hls.stream<i5>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %in[%i] : memref<4xi5>
    hls.write %v to %out : i5, !hls.stream<i5>
  }
  func.return
}

// CHECK:       void net_run(const ap_int<5> x_in[4], ap_int<8> y_out[4]) {
// CHECK-NEXT:    #pragma HLS DATAFLOW
// CHECK-NEXT:    #pragma HLS INTERFACE mode=s_axilite port=return
// CHECK-NEXT:    #pragma HLS INTERFACE mode=m_axi port=x_in offset=slave bundle=x_in
// CHECK-NEXT:    hls::stream<ap_int<5> > s("s");
// CHECK-NEXT:    #pragma HLS STREAM variable=s depth=3
// CHECK-NEXT:    net_split(x_in, s);
// CHECK-NEXT:    net_scale(s, y_out);
func.func @net(%x: memref<4xi5>, %y: memref<4xi8>) attributes {
    fixed.inputs = [#fixed.port<"x", tensor<4x!fixed.q<i5, 2^-4>>, permutation <0>>],
    fixed.outputs = [#fixed.port<"y", tensor<4x!fixed.q<i8, 2^-4>>, permutation <0>>]} {
  hls.dataflow
  hls.interface "s_axilite"
  hls.interface "m_axi" %x : memref<4xi5>
  %s = hls.stream depth 3 : !hls.stream<i5>
  func.call @net_split(%x, %s) : (memref<4xi5>, !hls.stream<i5>) -> ()
  func.call @net_scale(%s, %y) : (!hls.stream<i5>, memref<4xi8>) -> ()
  func.return
}
