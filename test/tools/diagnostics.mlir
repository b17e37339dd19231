// Every part of a file is checked on its own; line numbers are those of the file.
// RUN: tinyml-opt --split-input-file --verify-diagnostics %s | filecheck %s

// CHECK: diagnostics.mlir:[[# @LINE + 3]]:3: error: 'hls.pipeline': an initiation interval is at least 1 cycle, got 0
// CHECK-NEXT:   hls.pipeline ii 0
// CHECK-NEXT:   ^^^^^^^^^^^^
  hls.pipeline ii 0

// -----

// CHECK: "test.op"() : () -> ()
"test.op"() : () -> ()

// -----

// CHECK: diagnostics.mlir:[[# @LINE + 3]]:9: error: Operation scf.fro is not registered
// CHECK-NEXT: scf.fro %i
// CHECK-NEXT:         ^^
scf.fro %i
