// The IR after each pass goes to standard error, large constants elided; the output keeps them.
// RUN: tinyml-opt -p canonicalize,cse --print-ir-after-all %s 2>&1 >/dev/null | filecheck %s
// RUN: tinyml-opt -p canonicalize,cse --print-ir-after-all-dir %t %s | filecheck %s --check-prefix OUTPUT
// RUN: filecheck %s --check-prefix FILE --input-file %t/02-cse.mlir
// RUN: tinyml-opt --elide-larger-than 3 %s | filecheck %s --check-prefix ELIDED

// CHECK:      // -----// IR after canonicalize //----- //
// CHECK:      dense_resource<__elided__> : tensor<17xi8>
// CHECK-SAME: dense<[1, 2, 3, 4]> : tensor<4xi8>
// CHECK:      // -----// IR after cse //----- //
// OUTPUT:     dense<[0, 1, 2, 3,
// FILE:       // after cse
// FILE-NEXT:  builtin.module
// FILE:       dense_resource<__elided__> : tensor<17xi8>
// ELIDED:     dense_resource<__elided__> : tensor<17xi8>
// ELIDED-SAME: dense_resource<__elided__> : tensor<4xi8>
"test.op"() {
  large = dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]> : tensor<17xi8>,
  small = dense<[1, 2, 3, 4]> : tensor<4xi8>
} : () -> ()
