"""The `rtl` dialect as Verilog-2005: it spells what stands there."""
