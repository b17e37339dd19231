// RUN: tinyml-opt %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: an initiation interval is at least 1 cycle, got 0
hls.pipeline ii 0

// -----

// CHECK: a factor of unrolling is at least 2, got 1
hls.unroll factor 1

// -----

func.func @f() {
  // CHECK: only loops are unrolled
  hls.unroll
  func.return
}

// -----

%c0 = arith.constant 0 : index
scf.for %i = %c0 to %c0 step %c0 {
  // CHECK: a dataflow region is a whole function
  hls.dataflow
}

// -----

%x = "test.op"() : () -> memref<64xi8>
// CHECK: an array is cut complete, cyclic, block, not 'diagonal'
hls.array_partition %x "diagonal" factor 2 : memref<64xi8>

// -----

%x = "test.op"() : () -> memref<64xi8>
// CHECK: a factor goes with cyclic and block cuts, and only with these
hls.array_partition %x "complete" factor 2 : memref<64xi8>

// -----

%x = "test.op"() : () -> memref<64xi8>
// CHECK: an array is cut into at least 2 parts, got 1
hls.array_reshape %x "cyclic" factor 1 : memref<64xi8>

// -----

%x = "test.op"() : () -> memref<64xi8>
// CHECK: a storage is rom_1p, rom_2p, ram_1p, ram_2p, ram_t2p, ram_s2p, not 'ram'
hls.bind_storage %x "ram" "bram" : memref<64xi8>

// -----

%x = "test.op"() : () -> memref<64xi8>
// CHECK: a memory is built of bram, lutram, uram, not 'flash'
hls.bind_storage %x "ram_2p" "flash" : memref<64xi8>

// -----

%x = "test.op"() : () -> memref<64xi8>
// CHECK: a port is ap_memory, axis, m_axi, s_axilite, not 'uart'
hls.interface "uart" %x : memref<64xi8>

// -----

// CHECK: a stream has room for at least 1 token, got 0
%s = hls.stream depth 0 : !hls.stream<i8>

// -----

%s = hls.stream depth 2 : !hls.stream<i8>
// CHECK: a token of !hls.stream<i8> is no i16
%v = hls.read %s : !hls.stream<i8> -> i16

// -----

%s, %v = "test.op"() : () -> (!hls.stream<i8>, i16)
// CHECK: i16 is no token of !hls.stream<i8>
hls.write %v to %s : i16, !hls.stream<i8>

// -----

%v = "test.op"() : () -> i16
// CHECK: an operation is mul, not 'add'
hls.bind_op %v "add" "dsp" : i16

// -----

%v = "test.op"() : () -> i16
// CHECK: an operation is built of dsp, fabric, not 'uram'
hls.bind_op %v "mul" "uram" : i16
