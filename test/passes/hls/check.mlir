// RUN: tinyml-opt -p hls-check{memory-bits=4096} %s --verify-diagnostics --split-input-file | filecheck %s

// CHECK: @f calls itself: hardware has no stack; write a loop
func.func @f() {
  func.call @g() : () -> ()
  func.return
}
func.func private @g() {
  func.call @f() : () -> ()
  func.return
}

// -----

func.func @f() {
  // CHECK: hardware has no heap: use memref.alloca or memref.global
  %x = memref.alloc() : memref<8xi8>
  func.return
}

// -----

func.func @f(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    hls.pipeline ii 1
    // CHECK: a loop inside a pipelined one has no constant trip count
    scf.for %j = %c0 to %n step %c1 {
    }
  }
  func.return
}

// -----

func.func @f(%x: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  // CHECK: synthesis has no casts of pointers: leave buffers unplaced
  %y = memref.view %x[%c0][] : memref<64xi8> to memref<16xi32>
  func.return
}

// -----

// Four lanes read one memory of two ports; in two banks they may.
func.func private @two(%x: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c4 {
    hls.pipeline ii 1
    scf.for %l = %c0 to %c4 step %c1 {
      hls.unroll
      %at = arith.addi %i, %l : index
      %v = memref.load %x[%at] : memref<64xi8>
    }
  }
  func.return
}
func.func private @one(%x: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c4 {
    hls.pipeline ii 1
    scf.for %l = %c0 to %c4 step %c1 {
      hls.unroll
      %at = arith.addi %i, %l : index
      // CHECK: 4 accesses of a bank in 1 cycles, which has 2 ports: take fewer lanes, or a larger initiation interval
      %v = memref.load %x[%at] : memref<64xi8>
    }
  }
  func.return
}
func.func @f(%x: memref<64xi8>, %y: memref<64xi8>) {
  hls.array_partition %y "cyclic" factor 2 : memref<64xi8>
  func.call @two(%y) : (memref<64xi8>) -> ()
  func.call @one(%x) : (memref<64xi8>) -> ()
  func.return
}

// -----

// A place that each lane computes may be any.
func.func @f(%t: memref<256xi8>, %x: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  hls.array_partition %t "cyclic" factor 4 : memref<256xi8>
  hls.array_partition %x "complete" : memref<4xi8>
  scf.for %i = %c0 to %c4 step %c4 {
    hls.pipeline ii 1
    scf.for %l = %c0 to %c4 step %c1 {
      hls.unroll
      %v = memref.load %x[%l] : memref<4xi8>
      %at = arith.index_cast %v : i8 to index
      // CHECK: 4 accesses of a bank in 1 cycles
      %w = memref.load %t[%at] : memref<256xi8>
    }
  }
  func.return
}

// -----

func.func private @read(%s: !hls.stream<i8>) {
  %v = hls.read %s : !hls.stream<i8> -> i8
  func.return
}
func.func @f() {
  hls.dataflow
  // CHECK: a stream is read by 2 processes: give each one of its own
  %s = hls.stream depth 2 : !hls.stream<i8>
  func.call @read(%s) : (!hls.stream<i8>) -> ()
  func.call @read(%s) : (!hls.stream<i8>) -> ()
  func.return
}

// -----

func.func @f(%s: !hls.stream<i8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %v = hls.read %s : !hls.stream<i8> -> i8
    // CHECK: a stream is read twice in an iteration: make a wider token of both
    %w = hls.read %s : !hls.stream<i8> -> i8
  }
  func.return
}

// -----

func.func private @fill(%x: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %v = arith.constant 0 : i8
  memref.store %v, %x[%c0] : memref<4xi8>
  func.return
}
func.func @f() {
  hls.dataflow
  %x = memref.alloca() : memref<4xi8>
  func.call @fill(%x) : (memref<4xi8>) -> ()
  // CHECK: a dataflow array is written by 2 processes: it has one producer
  func.call @fill(%x) : (memref<4xi8>) -> ()
  func.return
}

// -----

func.func private @write(%s: !hls.stream<i8>) {
  %v = arith.constant 1 : i8
  hls.write %v to %s : i8, !hls.stream<i8>
  func.return
}
func.func @f() {
  hls.dataflow
  // CHECK: a stream is written by 2 processes: give each one of its own
  %s = hls.stream depth 2 : !hls.stream<i8>
  func.call @write(%s) : (!hls.stream<i8>) -> ()
  func.call @write(%s) : (!hls.stream<i8>) -> ()
  func.return
}

// -----

// One of two branches is taken; then a token is written for both again.
func.func @f(%s: !hls.stream<i8>, %c: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1 : i8
  scf.for %i = %c0 to %c4 step %c1 {
    scf.if %c {
      hls.write %v to %s : i8, !hls.stream<i8>
    } else {
      hls.write %v to %s : i8, !hls.stream<i8>
    }
    // CHECK: a stream is written twice in an iteration: make a wider token of both
    hls.write %v to %s : i8, !hls.stream<i8>
  }
  func.return
}

// -----

func.func private @use(%x: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<4xi8>
  func.return
}
func.func @f() {
  hls.dataflow
  %x = memref.alloca() : memref<4xi8>
  func.call @use(%x) : (memref<4xi8>) -> ()
  // CHECK: a dataflow array is read by 2 processes: it has one consumer
  func.call @use(%x) : (memref<4xi8>) -> ()
  func.return
}

// -----

// CHECK: constants and buffers take 8,192 bits, the part has 4,096 of block RAM; this one is the largest with 8,192
"memref.global"() <{sym_name = "x", sym_visibility = "private", type = memref<1024xi8>, initial_value}> : () -> ()
