// RUN: tinyml-opt -t rtl %s | filecheck %s

rtl.memory @net__in0 words 4 lanes 1 : i8
rtl.memory @net_mid words 4 lanes 1 : i8
rtl.memory @net__out1 words 4 lanes 1 : i8

// CHECK:      module net_first (
// CHECK:        output reg [2:0] progress
// CHECK:        if (start) progress <= 3'd0; else if (later_{{[0-9]+}}) progress <= progress + 3'd1;
rtl.module @net_first {
  %valid = rtl.run : i1
  %i, %end = rtl.counter 4 when %valid : i3, i1
  %last = rtl.compute "and"(%valid, %end) : (i1, i1) -> i1
  rtl.stop %last
  %x = rtl.read @net__in0 port 0 [%i] : (i3) -> i8
  %at = rtl.delay %i : i3 -> i3
  %later = rtl.delay reset %valid : i1 -> i1
  %done = rtl.delay reset %last : i1 -> i1
  rtl.write @net_mid[%at], %x mask %later : i3, i8, i1
  rtl.signal 4 by 1 when %later
  rtl.done %done
}

// Each step waits for the row that it reads.
// CHECK:      module net_second (
// CHECK:        input [2:0] net_first_progress
// CHECK:        ready_[[N:[0-9]+]] <= 1'b0;
// CHECK:        if (start | step_{{[0-9]+}}) ready_[[N]] <= 1'b0; else ready_[[N]] <= $signed({1'b0, net_first_progress}) >= $signed(
rtl.module @net_second {
  %valid = rtl.run : i1
  %ready = rtl.await @net_first : i1
  %step = rtl.compute "and"(%valid, %ready) : (i1, i1) -> i1
  %i, %end = rtl.counter 4 when %step : i3, i1
  %needed = rtl.running 1 by [-3, 1] when %end, %step : i4
  rtl.need %ready, %needed when %step : i4
  %last = rtl.compute "and"(%step, %end) : (i1, i1) -> i1
  rtl.stop %last
  %x = rtl.read @net_mid port 0 [%i] : (i3) -> i8
  %at = rtl.delay %i : i3 -> i3
  %later = rtl.delay reset %step : i1 -> i1
  %done = rtl.delay reset %last : i1 -> i1
  rtl.write @net__out1[%at], %x mask %later : i3, i8, i1
  rtl.done %done
}

// CHECK:      module net (
// CHECK:        wire [2:0] net_first__progress;
// CHECK:        net_first m__0 (.clk(clk), .rst(rst), .start(start), .done(done__0), .progress(net_first__progress)
// CHECK:        net_second m__1 (.clk(clk), .rst(rst), .start(start), .done(done__1), .net_first_progress(net_first__progress)
// CHECK:        wire joined__0 = busy__0 & (!active__0 | done__0) & (!active__1 | done__1);
// CHECK:        assign done = joined__0;
rtl.top @net inputs [[@net__in0]] outputs [[@net__out1]] {
  rtl.overlap {
    rtl.start @net_first
    rtl.start @net_second
  }
}
