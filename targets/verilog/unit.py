"""A unit of `rtl` as a module of Verilog: the clock, what it takes, and what it gives as `result`."""

from __future__ import annotations

from ...dialects import rtl
from ...dialects.rtl import bits_of
from .expressions import kind_of
from .wiring import Wiring, listed

RESULT = "result"


def unit_text(unit: rtl.UnitOp) -> str:
    """The whole module."""
    wiring = Wiring(("clk", RESULT))
    block = unit.body.block
    ports = ["input clk"]
    ports += [f"input {kind_of(bits_of(argument))}{wiring.wires.define(argument)}" for argument in block.args]
    ports.append(f"output {kind_of(bits_of(unit.given))}{RESULT}")
    wiring.fill(block)
    lines = [f"module {unit.sym_name.data} (", *listed(ports), ");", *wiring.inside()]
    lines.append(f"  assign {RESULT} = {wiring.name(unit.given)};")
    if wiring.unreset:
        lines += ["  always @(posedge clk) begin", *(f"    {line}" for line in wiring.unreset), "  end"]
    return "\n".join([*lines, "endmodule"]) + "\n"
