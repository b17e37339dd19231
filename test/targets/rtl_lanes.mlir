// RUN: tinyml-opt -t rtl %s | filecheck %s

// Elements of a word are written where the mask says so: the text does not grow with their number.
rtl.memory @net__in0 words 4 lanes 4 : i8
rtl.memory @net__out1 words 4 lanes 4 reads 1 : i8

// CHECK: module net_negated (
rtl.module @net_negated {
  %valid = rtl.run : i1
  %i, %end = rtl.counter 4 when %valid : i3, i1
  %last = rtl.compute "and"(%valid, %end) : (i1, i1) -> i1
  rtl.stop %last
  %x = rtl.read @net__in0 port 0 [%i] : (i3) -> i32
  %e = rtl.compute "element"(%x) by 1 : (i32) -> i8
  %factor = rtl.constant -100 : i8
  // The sign of a number would be that of a wider one in a product.
  // CHECK: wire signed [15:0] p_{{[0-9]+}} = e_[[E:[0-9]+]] * $signed(-8'sd100);
  %p = rtl.compute "mul"(%e, %factor) : (i8, i8) -> i16
  // A product of few bits takes as many of its factors.
  // CHECK: wire signed [3:0] few_{{[0-9]+}} = $signed(e_[[E]][3:0]) * $signed(-4'sd4);
  %four = rtl.constant -4 : i4
  %few = rtl.compute "mul"(%e, %four) : (i8, i4) -> i4
  %word = rtl.compute "join"(%p, %x) : (i16, i32) -> i48
  %mask = rtl.constant -1 : i4
  %at = rtl.delay %i : i3 -> i3
  %done = rtl.delay reset %last : i1 -> i1
  rtl.write @net__out1[%at], %word mask %mask : i3, i48, i4
  rtl.done %done
}

// CHECK:      reg [31:0] net__out1 [0:3];
// CHECK:      genvar net__out1__lane;
// CHECK-NEXT: generate for (net__out1__lane = 0; net__out1__lane < 4; net__out1__lane = net__out1__lane + 1)
// CHECK-NEXT: begin : net__out1__lanes
// CHECK-NEXT:   always @(posedge clk) if (net__out1__mask[net__out1__lane]) begin
// CHECK-NEXT:     net__out1[net__out1__at][net__out1__lane * 8 +: 8] <= net__out1__data[net__out1__lane * 8 +: 8];
// CHECK-NEXT:   end
// CHECK-NEXT: end endgenerate
rtl.top @net inputs [[@net__in0]] outputs [[@net__out1]] {
  rtl.start @net_negated
}
