// RUN: tinyml-opt -t c %s | filecheck %s
// RUN: tinyml-opt -t hls %s | filecheck %s --check-prefix=HLS

// A switch wants the exact value: sums of narrow integers are cut to their type. HLS wants an integer of C++.

// CHECK:       void net_run(int8_t a, uint32_t b, int32_t *y) {
// HLS:         void net_run(ap_int<8> a, ap_uint<32> b, ap_int<32> *y) {
emitc.func @net_run(%a: i8, %b: ui32, %y: !emitc.ptr<i32>) {
  // CHECK-NEXT:    switch ((int8_t)(a + a)) {
  // HLS-NEXT:      switch ((int)(ap_int<8>)(a + a)) {
  %sum = emitc.expression %a : (i8) -> i8 {
    %s = emitc.add %a, %a : (i8, i8) -> i8
    emitc.yield %s : i8
  }
  // CHECK-NEXT:      case -128: {
  // CHECK-NEXT:        int32_t v = y[3];
  // CHECK-NEXT:        y[a] = v;
  // CHECK-NEXT:        break;
  // CHECK-NEXT:      }
  // HLS-NEXT:        case -128: {
  // HLS-NEXT:          ap_int<32> v = y[3];
  // HLS-NEXT:          y[a] = v;
  // HLS-NEXT:          break;
  // HLS-NEXT:        }
  emitc.switch %sum : i8
  case -128 {
    %three = "emitc.constant"() <{value = 3 : i32}> : () -> i32
    %from = emitc.subscript %y[%three] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>
    %v = emitc.load %from : <i32>
    %to = emitc.subscript %y[%a] : (!emitc.ptr<i32>, i8) -> !emitc.lvalue<i32>
    emitc.assign %v : i32 to %to : <i32>
    emitc.yield
  }
  // CHECK-NEXT:      case 7: break;
  // HLS-NEXT:        case 7: break;
  case 7 {
    emitc.yield
  }
  // CHECK-NEXT:      default: {
  // CHECK-NEXT:        switch (b) {
  // CHECK-NEXT:          case UINT32_C(4000000000): {
  // CHECK-NEXT:            // much
  // CHECK-NEXT:            break;
  // CHECK-NEXT:          }
  // CHECK-NEXT:          default: break;
  // CHECK-NEXT:        }
  // CHECK-NEXT:        break;
  // CHECK-NEXT:      }
  // CHECK-NEXT:    }
  // CHECK-NEXT:  }
  // HLS-NEXT:        default: {
  // HLS-NEXT:          switch ((int64_t)b) {
  // HLS-NEXT:            case UINT64_C(4000000000): {
  default {
    emitc.switch %b : ui32
    case 4000000000 {
      emitc.verbatim "// much"
      emitc.yield
    }
    default {
    }
  }
  emitc.return
}
