// RUN: tinyml-opt -p hls-dataflow %s --split-input-file --verify-diagnostics | filecheck %s

// The first layer writes two elements at once: a token of 16 bits. The second one reads a row ahead of each of its own.

// CHECK-LABEL: func.func private @first
// CHECK-SAME:  (%x: memref<4x2xi8>, %y_stream: !hls.stream<i16>)
// CHECK:         %word = memref.alloca() : memref<2xi8>
// CHECK-NEXT:    hls.array_partition %word "complete" : memref<2xi8>
// CHECK:         scf.for %i
// CHECK-NEXT:      scf.for %l
// CHECK:             memref.store %v, %word[%l] : memref<2xi8>
// CHECK:           [[WORD:%.*]] = scf.for %lane
// CHECK-NEXT:        hls.unroll
// CHECK:           hls.write [[WORD]] to %y_stream : i16, !hls.stream<i16>
func.func private @first(%x: memref<4x2xi8>, %y: memref<4x2xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %l = %c0 to %c2 step %c1 {
      hls.unroll
      %v = memref.load %x[%i, %l] : memref<4x2xi8>
      memref.store %v, %y[%i, %l] : memref<4x2xi8>
    }
  }
  func.return
}

// CHECK-LABEL: func.func private @second
// CHECK-SAME:  (%y_stream: !hls.stream<i16>, %z: memref<4x2xi8>)
// CHECK:         %y_rows = memref.alloca() {hls.ring = 4 : i64} : memref<8xi8>
// CHECK:         scf.for %token = %c0{{.*}} to %c2
// CHECK:           hls.read %y_stream
// CHECK:         scf.for %i
// CHECK:           [[LATER:%.*]] = arith.cmpi sgt, %i
// CHECK:           [[LEFT:%.*]] = arith.cmpi slt, %token_1
// CHECK:           [[BOTH:%.*]] = arith.andi [[LATER]], [[LEFT]]
// CHECK:           scf.if [[BOTH]]
// CHECK:             hls.read %y_stream
// CHECK:           scf.for %j
func.func private @second(%y: memref<4x2xi8>, %z: memref<4x2xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c2 step %c1 {
      %next = arith.addi %i, %c1 : index
      %inside = arith.cmpi slt, %next, %c4 : index
      %a = memref.load %y[%i, %j] : memref<4x2xi8>
      %v = scf.if %inside -> (i8) {
        %b = memref.load %y[%next, %j] : memref<4x2xi8>
        scf.yield %b : i8
      } else {
        scf.yield %a : i8
      }
      memref.store %v, %z[%i, %j] : memref<4x2xi8>
    }
  }
  func.return
}

"memref.global"() <{sym_name = "line", sym_visibility = "private", type = memref<4x2xi8>, initial_value}> : () -> ()
// CHECK-LABEL: func.func @net
// CHECK-NEXT:    hls.dataflow
// CHECK-NEXT:    %line_stream = hls.stream depth 2 : !hls.stream<i16>
// CHECK-NEXT:    func.call @first(%x, %line_stream)
// CHECK-NEXT:    func.call @second(%line_stream, %y)
// CHECK-NEXT:    func.return
func.func @net(%x: memref<4x2xi8>, %y: memref<4x2xi8>) {
  %line = memref.get_global @line : memref<4x2xi8>
  func.call @first(%x, %line) : (memref<4x2xi8>, memref<4x2xi8>) -> ()
  func.call @second(%line, %y) : (memref<4x2xi8>, memref<4x2xi8>) -> ()
  func.return
}

// -----

func.func private @fill(%y: memref<2xi8>) {
  %c0 = arith.constant 0 : index
  %v = arith.constant 0 : i8
  memref.store %v, %y[%c0] : memref<2xi8>
  func.return
}
func.func private @use(%y: memref<2xi8>) {
  func.return
}
func.func @net() {
  %line = memref.alloca() : memref<2xi8>
  func.call @fill(%line) : (memref<2xi8>) -> ()
  func.call @use(%line) : (memref<2xi8>) -> ()
  func.return
}
// CHECK: layers overlap where a result is written in row-major order, each element once

// -----

func.func private @fill(%y: memref<2xi8>) {
  func.return
}
func.func @net(%n: index) {
  %c0 = arith.constant 0 : index
  %line = memref.alloca() : memref<2xi8>
  scf.for %i = %c0 to %n step %n {
    func.call @fill(%line) : (memref<2xi8>) -> ()
  }
  func.return
}
// CHECK: layers of a model with rounds do not overlap: each round needs the one before

// -----

// What is read by no loop is there before it is read. What is taken in order is kept in a register, a token at a time.

// CHECK-LABEL: func.func private @fill
// CHECK:         hls.write %{{.*}} to %y_stream : i16, !hls.stream<i16>
func.func private @fill(%x: memref<4xi8>, %y: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    scf.for %l = %c0 to %c2 step %c1 {
      hls.unroll
      %row = arith.muli %i, %c2 : index
      %at = arith.addi %row, %l : index
      %v = memref.load %x[%at] : memref<4xi8>
      memref.store %v, %y[%at] : memref<4xi8>
    }
  }
  func.return
}
// CHECK-LABEL: func.func private @copy
// CHECK-SAME:  (%y_stream: !hls.stream<i16>, %z_stream: !hls.stream<i8>)
// CHECK:         %held = memref.alloca() : memref<1xi16>
// CHECK:         scf.for %i
// CHECK:           [[PHASE:%.*]] = arith.andi %i
// CHECK-NEXT:      [[BEGINS:%.*]] = arith.cmpi eq, [[PHASE]]
// CHECK-NEXT:      %word = scf.if [[BEGINS]] -> (i16) {
// CHECK-NEXT:        hls.read %y_stream
// CHECK:           } else {
// CHECK-NEXT:        [[LEFT:%.*]] = memref.load %held
// CHECK-NEXT:        arith.shrui [[LEFT]]
// CHECK:           memref.store %word, %held
// CHECK-NEXT:      [[V:%.*]] = arith.trunci %word : i16 to i8
// CHECK-NEXT:      hls.write [[V]] to %z_stream : i8, !hls.stream<i8>
func.func private @copy(%y: memref<4xi8>, %z: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %y[%i] : memref<4xi8>
    memref.store %v, %z[%i] : memref<4xi8>
  }
  func.return
}
// CHECK-LABEL: func.func private @first
// CHECK:         scf.for %token
// CHECK-NEXT:      {{.*}} = hls.read %z_stream
// CHECK:         [[W:%.*]] = memref.load
// CHECK:         memref.store [[W]], %out
func.func private @first(%z: memref<4xi8>, %out: memref<1xi8>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %z[%c0] : memref<4xi8>
  memref.store %v, %out[%c0] : memref<1xi8>
  func.return
}
func.func @run(%x: memref<4xi8>, %out: memref<1xi8>) {
  %y = memref.alloca() : memref<4xi8>
  %z = memref.alloca() : memref<4xi8>
  func.call @fill(%x, %y) : (memref<4xi8>, memref<4xi8>) -> ()
  func.call @copy(%y, %z) : (memref<4xi8>, memref<4xi8>) -> ()
  func.call @first(%z, %out) : (memref<4xi8>, memref<1xi8>) -> ()
  func.return
}
