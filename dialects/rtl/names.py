"""Names in Verilog: what comes from a model has no `__` in it, what is made here has.

Names of forms and constants begin with the model's (dialects/names.py); beside these only the model's own name stands
alone, and must not be a keyword.
"""

from __future__ import annotations

import re

KEYWORDS = frozenset(
    """
    always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign default defparam
    design disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive endspecify endtable
    endtask event for force forever fork function generate genvar highz0 highz1 if ifnone incdir include initial inout
    input instance integer join large liblist library localparam macromodule medium module nand negedge nmos nor
    noshowcancelled not notif0 notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown pullup
    pulsestyle_ondetect pulsestyle_onevent rcmos real realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1
    scalared showcancelled signed small specify specparam strong0 strong1 supply0 supply1 table task time tran tranif0
    tranif1 tri tri0 tri1 triand trior trireg unsigned use uwire vectored wait wand weak0 weak1 while wire wor xnor xor
    """.split()
)
"""Of Verilog-2005 (IEEE 1364-2005, annex B)."""

MARK = "__"


def top_name(model: str) -> str:
    """The name of a model's top module."""
    return f"{model}{MARK}top" if model in KEYWORDS else model


def made(*parts: object) -> str:
    """A name of ours, such as `net__in0`."""
    return MARK.join(str(part) for part in parts)


def wire_stem(hint: str) -> str:
    """What a wire is named after, which a number follows."""
    return re.sub(r"\W", "_", hint, flags=re.ASCII).replace(MARK, "_")
