"""Open tools that make hardware of Verilog: Yosys (cells), nextpnr (places, wires, clocks)."""
