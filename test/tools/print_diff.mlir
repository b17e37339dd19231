// What each pass changed goes to standard error; values keep their names, so that lines of others stay as they are.
// RUN: tinyml-opt -p dce,dce,cse --print-ir-diff %s 2>&1 >/dev/null | filecheck %s --match-full-lines --strict-whitespace

//      CHECK:// -----// IR after dce //----- //
// CHECK-NEXT:@@ {{.*}} @@
// CHECK-NEXT: builtin.module {
// CHECK-NEXT:   func.func @twice() -> (i32, i32) {
// CHECK-NEXT:-    %unused = arith.constant 5 : i32
// CHECK-NEXT:     %v1 = arith.constant 3 : i32
// CHECK-NEXT:     %v2 = arith.constant 3 : i32
// CHECK-NEXT:// -----// IR after dce //----- //
// CHECK-NEXT:// the same
// CHECK-NEXT:// -----// IR after cse //----- //
//      CHECK:     %v1 = arith.constant 3 : i32
// CHECK-NEXT:-    %v2 = arith.constant 3 : i32
// CHECK-NEXT:-    func.return %v1, %v2 : i32, i32
// CHECK-NEXT:+    func.return %v1, %v1 : i32, i32
func.func @twice() -> (i32, i32) {
  %unused = arith.constant 5 : i32
  %0 = arith.constant 3 : i32
  %1 = arith.constant 3 : i32
  func.return %0, %1 : i32, i32
}
