// RUN: tinyml-opt -t rtl %s | filecheck %s

rtl.memory @net__in0 words 4 lanes 1 : i8
rtl.memory @net__out1 words 4 lanes 1 : i8

// A unit is a module with the clock, what it takes, and what it gives, in this order.
// CHECK:      module net__sum (
// CHECK-NEXT:   input clk,
// CHECK-NEXT:   input signed [7:0] a_0,
// CHECK-NEXT:   input b_1,
// CHECK-NEXT:   output signed [7:0] result
// CHECK-NEXT: );
// CHECK-NEXT:   reg signed [7:0] w_3;
// CHECK-NEXT:   wire signed [7:0] w_2 = b_1 ? a_0 : 8'sd0;
// CHECK-NEXT:   assign result = w_3;
// CHECK-NEXT:   always @(posedge clk) begin
// CHECK-NEXT:     w_3 <= w_2;
// CHECK-NEXT:   end
// CHECK-NEXT: endmodule
rtl.unit @net__sum {
^bb0(%a : i8, %b : i1):
  %zero = rtl.constant 0 : i8
  %0 = rtl.compute "select"(%b, %a, %zero) : (i1, i8, i8) -> i8
  %1 = rtl.delay %0 : i8 -> i8
  rtl.give %1 : i8
}

// CHECK:      module net_twice (
// CHECK-NEXT:   input clk,
// CHECK-NEXT:   input rst,
// CHECK-NEXT:   input start,
// CHECK-NEXT:   output done,
// CHECK-NEXT:   output [1:0] net__in0_r0_addr,
// CHECK-NEXT:   input [7:0] net__in0_r0_data,
// CHECK-NEXT:   output [1:0] net__out1_w_addr,
// CHECK-NEXT:   output [7:0] net__out1_w_data,
// CHECK-NEXT:   output net__out1_w_mask
// CHECK-NEXT: );
rtl.module @net_twice {
  // CHECK-NEXT: reg valid_0, end_2, later_9, done_10;
  // CHECK-NEXT: reg signed [2:0] i_1, at_6;
  // CHECK-NEXT: wire signed [7:0] chosen_11;
  %valid = rtl.run : i1
  %i, %end = rtl.counter 4 when %valid : i3, i1
  // CHECK:      wire last_3 = valid_0 & end_2;
  %last = rtl.compute "and"(%valid, %end) : (i1, i1) -> i1
  rtl.stop %last
  // CHECK-NEXT: assign net__in0_r0_addr = i_1[1:0];
  // CHECK-NEXT: wire signed [7:0] x_4 = net__in0_r0_data;
  %x = rtl.read @net__in0 port 0 [%i] : (i3) -> i8
  // A sum of signed wires may have a bit more than these.
  // CHECK-NEXT: wire signed [8:0] sum_5 = x_4 + x_4;
  %sum = rtl.compute "add"(%x, %x) : (i8, i8) -> i9
  %at = rtl.delay %i : i3 -> i3
  // Elsewhere the sign is copied.
  // CHECK-NEXT: wire signed [9:0] wide_7 = {{{}}{2{x_4[7]}}, x_4} + {{{}}{2{x_4[7]}}, x_4};
  %wide = rtl.compute "add"(%x, %x) : (i8, i8) -> i10
  // A bit of a wire is spelled where it is read.
  // CHECK-NEXT: wire odd_8 = sum_5[0] & valid_0;
  %bit = rtl.compute "element"(%sum) by 0 : (i9) -> i1
  %odd = rtl.compute "and"(%bit, %valid) : (i1, i1) -> i1
  %later = rtl.delay reset %odd : i1 -> i1
  %done = rtl.delay reset %last : i1 -> i1
  // CHECK-NEXT: assign net__out1_w_addr = at_6[1:0];
  // CHECK-NEXT: assign net__out1_w_data = sum_5[7:0];
  // CHECK-NEXT: assign net__out1_w_mask = later_9;
  rtl.write @net__out1[%at], %sum mask %later : i3, i9, i1
  // CHECK-NEXT: net__sum chosen_11__u (clk, x_4, sum_5[0], chosen_11);
  %chosen = rtl.use @net__sum(%x, %bit) : (i8, i1) -> i8
  // CHECK-NEXT: assign done = done_10;
  rtl.done %done
  // Registers of data need no reset.
  // CHECK-NEXT: always @(posedge clk) begin
  // CHECK-NEXT:   at_6 <= i_1;
  // CHECK-NEXT:   if (rst) begin
  // CHECK:          later_9 <= 1'b0;
  // CHECK:        end else begin
  // CHECK:          if (start) valid_0 <= 1'b1; else if (last_3) valid_0 <= 1'b0;
  // CHECK:          if (valid_0) begin i_1 <= end_2 ? 3'sd0 : i_1 + 3'sd1; end_2 <= i_1 == 3'sd2; end
}

// CHECK:      module net (
// CHECK:        input port0_in_we,
// CHECK-NEXT:   input [1:0] port0_in_addr,
// CHECK-NEXT:   input [7:0] port0_in_data,
// CHECK-NEXT:   input [1:0] port0_out_addr,
// CHECK-NEXT:   output [7:0] port0_out_data
// CHECK:        net_twice m__0 (.clk(clk), .rst(rst), .start(start), .done(done__0)
// CHECK:        reg [7:0] net__in0 [0:3];
// CHECK:        always @(posedge clk) net__in0__q0 <= net__in0[net__in0__q0__at];
rtl.top @net inputs [[@net__in0]] outputs [[@net__out1]] {
  rtl.start @net_twice
}
