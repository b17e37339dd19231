// RUN: tinyml-opt -p 'loops-use-machine-operations{operations="multiply_high_add,saturate"}' %s | filecheck %s
// RUN: tinyml-opt -p 'loops-use-machine-operations{operations=multiply_high_add}' %s | filecheck %s --check-prefix HIGH
// RUN: tinyml-opt -p 'loops-use-machine-operations' %s | filecheck %s --check-prefix NONE
// RUN: tinyml-opt -p 'loops-use-machine-operations{operations="multiply_high_halves,shift_to_half"}' %s | filecheck %s --check-prefix AVR
// RUN: tinyml-opt -p 'loops-use-machine-operations{operations="multiply_add_word,saturate"}' %s | filecheck %s --check-prefix MLA

// Adding 2^37 commutes with taking the high word, 2^37 / 2^32 = 32; the zero point joins it, 32 - 128 * 2^6 = -8160.
// CHECK-LABEL: @requantize
// CHECK: %{{.*}} = arith.constant -8160 : i32
// CHECK: mcu.machine "multiply_high_add"(%a, %m, %{{.*}}) : (i32, i32, i32) -> i32
// CHECK-NEXT: mcu.machine "saturate"(%{{.*}}) immediates [6, 8] : (i32) -> i32
// CHECK-NOT: arith.extsi
// HIGH-LABEL: @requantize
// HIGH: mcu.machine "multiply_high_add"
// HIGH: arith.minsi
// NONE-LABEL: @requantize
// NONE-NOT: mcu.machine
func.func @requantize(%a : i32, %m : i32) -> i32 {
  %half = arith.constant 137438953472 : i64
  %shift = arith.constant 38 : i64
  %zero = arith.constant -128 : i32
  %low = arith.constant -128 : i32
  %high = arith.constant 127 : i32
  %wide = arith.extsi %a : i32 to i64
  %factor = arith.extsi %m : i32 to i64
  %product = arith.muli %wide, %factor : i64
  %rounded = arith.addi %product, %half : i64
  %shifted = arith.shrsi %rounded, %shift : i64
  %narrow = arith.trunci %shifted : i64 to i32
  %moved = arith.addi %narrow, %zero : i32
  %least = arith.maxsi %moved, %low : i32
  %clamped = arith.minsi %least, %high : i32
  func.return %clamped : i32
}

// Half of 2^32 is no multiple of it: the low word of the product decides the carry.
// CHECK-LABEL: @shift_of_32
// CHECK-NOT: mcu.machine
func.func @shift_of_32(%a : i32, %m : i32) -> i32 {
  %half = arith.constant 2147483648 : i64
  %shift = arith.constant 32 : i64
  %wide = arith.extsi %a : i32 to i64
  %factor = arith.extsi %m : i32 to i64
  %product = arith.muli %wide, %factor : i64
  %rounded = arith.addi %product, %half : i64
  %shifted = arith.shrsi %rounded, %shift : i64
  %narrow = arith.trunci %shifted : i64 to i32
  func.return %narrow : i32
}

// The high word itself takes any addend.
// CHECK-LABEL: @high_word
// CHECK: mcu.machine "multiply_high_add"(%a, %m, %c) : (i32, i32, i32) -> i32
// CHECK-NOT: arith.addi
func.func @high_word(%a : i32, %m : i32, %c : i32) -> i32 {
  %shift = arith.constant 32 : i64
  %wide = arith.extsi %a : i32 to i64
  %factor = arith.extsi %m : i32 to i64
  %product = arith.muli %wide, %factor : i64
  %shifted = arith.shrsi %product, %shift : i64
  %narrow = arith.trunci %shifted : i64 to i32
  %sum = arith.addi %narrow, %c : i32
  func.return %sum : i32
}

// -100 to 127 is the range of no signed number.
// CHECK-LABEL: @other_range
// CHECK-NOT: mcu.machine
func.func @other_range(%a : i32) -> i32 {
  %shift = arith.constant 6 : i32
  %low = arith.constant -100 : i32
  %high = arith.constant 127 : i32
  %shifted = arith.shrsi %a, %shift : i32
  %least = arith.maxsi %shifted, %low : i32
  %clamped = arith.minsi %least, %high : i32
  func.return %clamped : i32
}

// On cores that compute byte by byte: a product of halves is called, but where blocks compute two pixels at once.
// AVR-LABEL: @halves
// AVR: mcu.machine "shift_to_half"(%a) immediates [5] : (i24) -> i16
// AVR-NEXT: mcu.machine "multiply_high_halves" called(%{{.*}}, %m) : (i16, i16) -> i16
// AVR-NOT: arith
// NONE-LABEL: @halves
// NONE-NOT: mcu.machine
func.func @halves(%a : i24, %m : i16) -> i16 {
  %five = arith.constant 5 : i24
  %half = arith.constant 32768 : i32
  %sixteen = arith.constant 16 : i32
  %0 = arith.shrsi %a, %five : i24
  %1 = arith.trunci %0 : i24 to i16
  %2 = arith.extsi %1 : i16 to i32
  %3 = arith.extsi %m : i16 to i32
  %4 = arith.muli %2, %3 : i32
  %5 = arith.addi %4, %half : i32
  %6 = arith.shrsi %5, %sixteen : i32
  %7 = arith.trunci %6 : i32 to i16
  func.return %7 : i16
}

// Without the half the product is not rounded.
// AVR-LABEL: @truncated
// AVR-NOT: mcu.machine
func.func @truncated(%a : i16, %m : i16) -> i16 {
  %sixteen = arith.constant 16 : i32
  %2 = arith.extsi %a : i16 to i32
  %3 = arith.extsi %m : i16 to i32
  %4 = arith.muli %2, %3 : i32
  %6 = arith.shrsi %4, %sixteen : i32
  %7 = arith.trunci %6 : i32 to i16
  func.return %7 : i16
}

// Numbers in a sum of products become one, and so does what is added behind the shift: 3 * 5000 + 64 - 2 * 2^8.
// CHECK-LABEL: @addends
// CHECK: %[[NUMBER:.*]] = arith.constant 14552 : i32
// CHECK: %[[FIRST:.*]] = arith.addi %{{.*}}, %[[NUMBER]] : i32
// CHECK: %[[SUM:.*]] = arith.addi %{{.*}}, %[[FIRST]] : i32
// CHECK: mcu.machine "saturate"(%[[SUM]]) immediates [8, 8] : (i32) -> i32
// MLA-LABEL: @addends
// MLA: %[[FIRST:.*]] = mcu.machine "multiply_add_word"(%{{.*}}, %{{.*}}, %{{.*}}) : (i32, i32, i32) -> i32
// MLA: mcu.machine "multiply_add_word"(%{{.*}}, %{{.*}}, %[[FIRST]]) : (i32, i32, i32) -> i32
func.func @addends(%x : i8, %y : i8) -> i32 {
  %zero = arith.constant 3 : i32
  %a = arith.constant 5000 : i32
  %b = arith.constant 7000 : i32
  %half = arith.constant 64 : i32
  %shift = arith.constant 8 : i32
  %point = arith.constant 2 : i32
  %low = arith.constant -128 : i32
  %high = arith.constant 127 : i32
  %u = arith.extsi %x : i8 to i32
  %v = arith.extsi %y : i8 to i32
  %moved = arith.addi %u, %zero : i32
  %first = arith.muli %moved, %a : i32
  %second = arith.muli %v, %b : i32
  %sum = arith.addi %first, %second : i32
  %rounded = arith.addi %sum, %half : i32
  %shifted = arith.shrsi %rounded, %shift : i32
  %result = arith.subi %shifted, %point : i32
  %least = arith.maxsi %result, %low : i32
  %clamped = arith.minsi %least, %high : i32
  func.return %clamped : i32
}

// 127 * 2^24 + 2^24 + 5 is no word: the number stays where it is.
// CHECK-LABEL: @too_large
// CHECK: arith.addi %{{.*}}, %{{.*}} : i32
// CHECK: arith.muli
// CHECK: arith.addi
func.func @too_large(%x : i8) -> i32 {
  %one = arith.constant 1 : i32
  %a = arith.constant 16777216 : i32
  %b = arith.constant 5 : i32
  %u = arith.extsi %x : i8 to i32
  %moved = arith.addi %u, %one : i32
  %product = arith.muli %moved, %a : i32
  %sum = arith.addi %product, %b : i32
  func.return %sum : i32
}

// A saturated number has its sign already.
// CHECK-LABEL: @signed
// CHECK: mcu.machine "saturate"
// CHECK-NOT: arith.extsi
func.func @signed(%x : i32) -> i32 {
  %shift = arith.constant 8 : i32
  %low = arith.constant -128 : i32
  %high = arith.constant 127 : i32
  %shifted = arith.shrsi %x, %shift : i32
  %least = arith.maxsi %shifted, %low : i32
  %clamped = arith.minsi %least, %high : i32
  %byte = arith.trunci %clamped : i32 to i8
  %wide = arith.extsi %byte : i8 to i32
  func.return %wide : i32
}
