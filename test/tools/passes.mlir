// Passes with options, in order.
// RUN: tinyml-opt -p 'canonicalize,loops-pipeline{ii=2}' %s | filecheck %s

func.func @count(%out: memref<8xi8>) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c1 = arith.constant 1 : index
  %unused = arith.constant 5 : index
  %one = arith.constant 1 : i8
  // CHECK-NOT:  arith.constant 5
  // CHECK:      scf.for
  // CHECK-NEXT:   hls.pipeline ii 2
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %one, %out[%i] : memref<8xi8>
  }
  func.return
}
