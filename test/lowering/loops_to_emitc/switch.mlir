// RUN: tinyml-opt -p convert-loops-to-emitc -t c %s | filecheck %s
// RUN: tinyml-opt -p convert-loops-to-emitc %s | filecheck %s --check-prefix=IR

// Steps in a table in flash: what to do, and at which byte of the arena. Views at offsets known only at run time are
// pointers; where one is used once, it stands in the statement that uses it.

// CHECK:      /* Buffers of different types share memory. */
// CHECK-NEXT: typedef int16_t __attribute__((__may_alias__)) NET_INT16;
// CHECK-NEXT: typedef int32_t __attribute__((__may_alias__)) NET_INT32;
// CHECK-EMPTY:
// CHECK-NEXT: static int8_t net_arena[64] __attribute__((aligned(4)));
"memref.global"() <{sym_name = "net_arena", sym_visibility = "private", type = memref<64xi8>, initial_value,
                    alignment = 4 : i64}> : () -> ()
// CHECK: static const NET_FLASH int16_t net_steps[10] = {
"memref.global"() <{sym_name = "net_steps", sym_visibility = "private", type = memref<5x2xi16, "flash">,
  initial_value = dense<[[0, 4], [1, 8], [-3, 16], [2, 24], [7, 32]]> : tensor<5x2xi16>, constant}> : () -> ()
"memref.global"() <{sym_name = "net_starts", sym_visibility = "private", type = memref<5xui8, "flash">,
  initial_value = dense<[200, 4, 1, 129, 7]> : tensor<5xui8>, constant}> : () -> ()
"memref.global"() <{sym_name = "net_bytes", sym_visibility = "private", type = memref<256xi8, "flash">,
  initial_value = dense<5> : tensor<256xi8>, constant}> : () -> ()
"memref.global"() <{sym_name = "net_order", sym_visibility = "private", type = memref<5xi32, "flash">,
  initial_value = dense<[4, 3, 2, 1, 0]> : tensor<5xi32>, constant}> : () -> ()

func.func private @fill(%p: memref<4xi32>, %v: i32) {
  %c0 = arith.constant 0 : index
  memref.store %v, %p[%c0] : memref<4xi32>
  func.return
}

// CHECK: static void widen(const int8_t *p, const NET_FLASH int8_t *w, NET_INT16 *o) {
func.func private @widen(%p: memref<4xi8>, %w: memref<2xi8, "flash">, %o: memref<4xi16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %v = memref.load %p[%c0] : memref<4xi8>
  %x = memref.load %w[%c1] : memref<2xi8, "flash">
  %wide = arith.extsi %v : i8 to i16
  %weight = arith.extsi %x : i8 to i16
  %sum = arith.muli %wide, %weight : i16
  memref.store %sum, %o[%c1] : memref<4xi16>
  func.return
}

// CHECK-LABEL: void net_run(const int32_t *x, int32_t *y) {
// CHECK-NEXT:    const NET_INT32 *x_1 = (const NET_INT32 *)x;
// CHECK-NEXT:    NET_INT32 *y_1 = (NET_INT32 *)y;
// CHECK-NEXT:    for (int32_t i = 0; i < 5; i++) {
// CHECK-NEXT:      int32_t at = (int32_t)net_steps[i * 2 + 1];
// CHECK-NEXT:      int32_t start = (int32_t)net_starts[i];
// CHECK-NEXT:      NET_INT32 *words = (NET_INT32 *)(void *)&net_arena[at];
// CHECK-NEXT:      int32_t v = x_1[i];
// CHECK-NEXT:      switch ((int32_t)net_steps[i * 2]) {
// CHECK-NEXT:        case 0: {
// CHECK-NEXT:          fill(words, v);
// CHECK-NEXT:          words[1] = v;
// CHECK-NEXT:          break;
// CHECK-NEXT:        }
// CHECK-NEXT:        case 1: {
// CHECK-NEXT:          int8_t *bytes = &net_arena[at];
// CHECK-NEXT:          bytes[0] = 100;
// CHECK-NEXT:          widen(bytes, &net_bytes[start], (NET_INT16 *)(void *)&net_arena[at]);
// CHECK-NEXT:          break;
// CHECK-NEXT:        }
// CHECK-NEXT:        case -3: {
// CHECK-NEXT:          ((NET_INT16 *)(void *)&net_arena[at])[i] = (int16_t)v;
// CHECK-NEXT:          break;
// CHECK-NEXT:        }
// CHECK-NEXT:        case 2: break;
// CHECK-NEXT:        default: {
// CHECK-NEXT:          y_1[4] = (int32_t)((NET_INT16 *)(void *)&net_arena[at - 24])[3];
// CHECK-NEXT:          break;
// CHECK-NEXT:        }
// CHECK-NEXT:      }
// CHECK-NEXT:      int32_t o = net_order[i];
// CHECK-NEXT:      y_1[o] = y_1[o] + words[1];
// CHECK-NEXT:    }
// CHECK-NEXT:    switch (x_1[0]) {
// CHECK-NEXT:      case 6: {
// CHECK-NEXT:        fill(y_1, 9);
// CHECK-NEXT:        break;
// CHECK-NEXT:      }
// CHECK-NEXT:      default: break;
// CHECK-NEXT:    }
// CHECK-NEXT:  }

// IR:          %words = emitc.expression %[[PLACE:.*]] : (!emitc.lvalue<i8>) -> !emitc.ptr<i32> {
// IR-NEXT:       %[[BYTE:.*]] = emitc.address_of %[[PLACE]] : !emitc.lvalue<i8>
// IR-NEXT:       %[[WORD:.*]] = emitc.cast %[[BYTE]] {mcu.alias} : !emitc.ptr<i8> to !emitc.ptr<i32>
// IR:          emitc.switch %code : i32
// IR-NEXT:     case 0 {
// IR-NEXT:       emitc.call @fill(%words, %v) : (!emitc.ptr<i32>, i32) -> ()
// IR:            emitc.yield
// IR-NEXT:     }
// IR-NEXT:     case 1 {
// IR:            emitc.address_of %{{.*}} : !emitc.lvalue<i8> {mcu.const, mcu.flash}
// IR:          case 2 {
// IR-NEXT:       emitc.yield
// IR-NEXT:     }
// IR-NEXT:     default {
func.func @net(%x: memref<5xi32>, %y: memref<5xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c24 = arith.constant 24 : index
  %nine = arith.constant 9 : i32
  %hundred = arith.constant 100 : i8
  %arena = memref.get_global @net_arena : memref<64xi8>
  %steps = memref.get_global @net_steps : memref<5x2xi16, "flash">
  %starts = memref.get_global @net_starts : memref<5xui8, "flash">
  %constants = memref.get_global @net_bytes : memref<256xi8, "flash">
  %order = memref.get_global @net_order : memref<5xi32, "flash">
  scf.for %i = %c0 to %c5 step %c1 {
    %kind = memref.load %steps[%i, %c0] : memref<5x2xi16, "flash">
    %shift = memref.load %steps[%i, %c1] : memref<5x2xi16, "flash">
    %first = memref.load %starts[%i] : memref<5xui8, "flash">
    %code = arith.index_cast %kind : i16 to index
    %at = arith.index_cast %shift : i16 to index
    %start = arith.index_cast %first : ui8 to index
    %words = memref.view %arena[%at][] : memref<64xi8> to memref<4xi32>
    %v = memref.load %x[%i] : memref<5xi32>
    scf.index_switch %code
    case 0 {
      func.call @fill(%words, %v) : (memref<4xi32>, i32) -> ()
      memref.store %v, %words[%c1] : memref<4xi32>
      scf.yield
    }
    case 1 {
      %bytes = memref.view %arena[%at][] : memref<64xi8> to memref<4xi8>
      %halfs = memref.view %arena[%at][] : memref<64xi8> to memref<4xi16>
      %weights = memref.view %constants[%start][] : memref<256xi8, "flash"> to memref<2xi8, "flash">
      memref.store %hundred, %bytes[%c0] : memref<4xi8>
      func.call @widen(%bytes, %weights, %halfs) : (memref<4xi8>, memref<2xi8, "flash">, memref<4xi16>) -> ()
      scf.yield
    }
    case -3 {
      %halfs = memref.view %arena[%at][] : memref<64xi8> to memref<8xi16>
      %low = arith.trunci %v : i32 to i16
      memref.store %low, %halfs[%i] : memref<8xi16>
      scf.yield
    }
    case 2 {
      scf.yield
    }
    default {
      %before = arith.subi %at, %c24 : index
      %halfs = memref.view %arena[%before][] : memref<64xi8> to memref<2x2xi16>
      %h = memref.load %halfs[%c1, %c1] : memref<2x2xi16>
      %wide = arith.extsi %h : i16 to i32
      memref.store %wide, %y[%c4] : memref<5xi32>
      scf.yield
    }
    %word = memref.load %words[%c1] : memref<4xi32>
    %o = memref.load %order[%i] : memref<5xi32, "flash">
    %to = arith.index_cast %o : i32 to index
    %old = memref.load %y[%to] : memref<5xi32>
    %new = arith.addi %old, %word : i32
    memref.store %new, %y[%to] : memref<5xi32>
  }
  %x0 = memref.load %x[%c0] : memref<5xi32>
  %last = arith.index_cast %x0 : i32 to index
  %start = memref.reinterpret_cast %y to offset: [0], sizes: [4], strides: [1] : memref<5xi32> to memref<4xi32>
  scf.index_switch %last
  case 6 {
    func.call @fill(%start, %nine) : (memref<4xi32>, i32) -> ()
    scf.yield
  }
  default {
    scf.yield
  }
  func.return
}
