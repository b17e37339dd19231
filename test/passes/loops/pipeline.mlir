// RUN: tinyml-opt -p 'loops-pipeline{ii=3}' %s | filecheck %s

func.func @loops(%n: index) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c1 = arith.constant 1 : index
  // An outer loop stays as it is.
  // CHECK:      scf.for %i
  // CHECK-NEXT:   scf.for %j
  // CHECK-NEXT:     hls.pipeline ii 3
  // CHECK-NEXT:     "test.op"(%i, %j)
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      "test.op"(%i, %j) : (index, index) -> ()
    }
  }
  // So does a loop whose trip count is not known.
  // CHECK:      scf.for %k
  // CHECK-NEXT:   "test.op"(%k)
  scf.for %k = %c0 to %n step %c1 {
    "test.op"(%k) : (index) -> ()
  }
  // And one that is pipelined already.
  // CHECK:      scf.for %l
  // CHECK-NEXT:   hls.pipeline ii 1
  // CHECK-NEXT:   "test.op"(%l)
  scf.for %l = %c0 to %c8 step %c1 {
    hls.pipeline ii 1
    "test.op"(%l) : (index) -> ()
  }
  func.return
}

// A loop around unrolled ones is an innermost one.
func.func @lanes() {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c1 = arith.constant 1 : index
  // CHECK:      scf.for %m
  // CHECK-NEXT:   hls.pipeline ii 3
  // CHECK-NEXT:   scf.for %n
  // CHECK-NEXT:     hls.unroll
  scf.for %m = %c0 to %c8 step %c1 {
    scf.for %n = %c0 to %c8 step %c1 {
      hls.unroll
    }
  }
  func.return
}
