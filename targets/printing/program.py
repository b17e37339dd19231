"""A module of emitc as a program: its parts in order, its arrays, the text of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from xdsl.dialects.builtin import ArrayAttr, IntegerType, ModuleOp, StringAttr

from ...dialects import emitc, hls
from ...dialects.dense import dtype_of, to_numpy
from ...dialects.emitc.statements import pointee
from ...dialects.emitc.types import ALIAS, FILE, HOOKS, MEMORY, PUSH_ROW, RESETS, RUN, STANDARD, STANDARDS, STATE, STEP
from ...dialects.errors import UserError
from ...dialects.harmless import in_terminal
from ...dialects.mcu import KEEP
from ...dialects.names import Names, is_identifier
from ..machine.spelling import PREFIX
from .spelling import THREE_BYTES, Spelling
from .statements import FunctionPrinter

PER_LINE = {1: 20, 2: 16, 4: 16, 8: 8}
"""Elements on a line of an initializer, by their size in bytes."""


@dataclass(frozen=True)
class Program:
    """The parts of a module that has been lowered to emitc."""

    module: ModuleOp

    @cached_property
    def functions(self) -> list[emitc.FuncOp]:
        """All functions, callees first."""
        return [op for op in self.module.ops if isinstance(op, emitc.FuncOp)]

    @cached_property
    def globals(self) -> list[emitc.GlobalOp]:
        """All arrays."""
        return [op for op in self.module.ops if isinstance(op, emitc.GlobalOp)]

    @cached_property
    def includes(self) -> list[emitc.IncludeOp]:
        """All headers."""
        return [op for op in self.module.ops if isinstance(op, emitc.IncludeOp)]

    @property
    def entry(self) -> emitc.FuncOp:
        """The function that the caller calls. Raises UserError where there is not exactly one."""
        public = [f for f in self.functions if not f.is_static and RESETS not in f.attributes]
        if len(public) != 1:
            raise UserError(
                f"the module has {len(public)} public functions in emitc, one is needed: "
                "run convert-loops-to-emitc on a module with one public func.func"
            )
        return public[0]

    @property
    def name(self) -> str:
        """The model's name: that of the entry without `_run`, `_push_row` or `_step`."""
        return self.entry.sym_name.data.removesuffix(RUN).removesuffix(PUSH_ROW).removesuffix(STEP)

    @property
    def reset(self) -> emitc.FuncOp | None:
        """The function that puts the states at their start, of a model without end."""
        return next((f for f in self.functions if RESETS in f.attributes), None)

    @property
    def prefix(self) -> str:
        """What the macros of the model start with."""
        return self.name.upper()

    @property
    def keeps(self) -> bool:
        """Whether functions stay what they are, whoever calls them."""
        return any(KEEP in f.attributes for f in self.functions)

    @property
    def ram_bytes(self) -> int:
        """Bytes of the arrays that are written."""
        return sum(array_bytes(op) for op in self.globals if op.const_specifier is None)

    @property
    def has_streams(self) -> bool:
        """Whether functions speak through streams."""
        return any(isinstance(op, hls.StreamOp) for f in self.functions for op in f.body.block.ops)

    @property
    def elsewhere(self) -> list[emitc.GlobalOp]:
        """The arrays that are to lie in other memories than the default one."""
        return [op for op in self.globals if MEMORY in op.attributes]

    @cached_property
    def called(self) -> list[str]:
        """The machine operations and blocks that the functions use, each once: names without a prefix."""
        ops = [op for f in self.functions for op in f.walk()]
        names = [op.operation.data for op in ops if isinstance(op, emitc.MachineOp)]
        names += [f"{op.operation.data}_called" for op in ops if isinstance(op, emitc.MachineOp) and op.called]
        calls = (op.callee.data for op in ops if isinstance(op, emitc.CallOpaqueOp))
        names += [name.removeprefix(PREFIX) for name in calls if name.startswith(PREFIX)]
        return sorted(set(names))

    @property
    def aliased(self) -> list[IntegerType]:
        """What pointers with `mcu.alias` point to, narrowest first."""
        made = (r.type for f in self.functions for op in f.walk() if ALIAS in op.attributes for r in op.results)
        given = (
            type
            for f in self.functions
            for index, type in enumerate(f.function_type.inputs)
            if ALIAS in f.argument_attributes(index)
        )
        types = {pointee(type) for type in (*made, *given)}
        return sorted(types, key=lambda type: (type.width.data, str(type)))

    def has_width(self, bits: int) -> bool:
        """True when an array or a value has integers of this width."""
        arrays = (op.type.element_type for op in self.globals)
        values = (result.type for f in self.functions for op in f.walk() for result in op.results)
        return any(IntegerType(bits) == getattr(type, "value_type", type) for type in (*arrays, *values))

    def check(self) -> None:
        """Raise UserError where something in the module is not emitc."""
        known = emitc.FuncOp, emitc.GlobalOp, emitc.IncludeOp
        others = sorted({op.name for op in self.module.ops if not isinstance(op, known)})
        if others:
            raise UserError(
                f"cannot print {', '.join(others)}: lower the module to emitc first (convert-loops-to-emitc)"
            )
        symbols = [op.sym_name.data for op in (*self.functions, *self.globals)]
        headers = [op.include.data for op in self.includes]
        reasons = [f"@{in_terminal(s)} is no name in C; rename it" for s in symbols if not is_identifier(s)]
        reasons += [f"<{in_terminal(h)}> is no header; rename it" for h in headers if not is_header(h)]
        if reasons:
            raise UserError(*reasons)

    @property
    def weights(self) -> list[emitc.GlobalOp]:
        """The constants that stand in a file of their own."""
        return [op for op in self.globals if FILE in op.attributes]

    @property
    def state(self) -> list[emitc.GlobalOp]:
        """The arrays that are members of the caller's state, as they lie there."""
        return [op for op in self.globals if STATE in op.attributes]

    @property
    def standard(self) -> str:
        """How the program is spelled."""
        given = self.module.attributes.get(STANDARD)
        return given.data if isinstance(given, StringAttr) else STANDARDS[0]

    @property
    def hooks(self) -> list[str]:
        """The layers around which hooks are called, by number."""
        given = self.entry.attributes.get(HOOKS)
        entries = given.data if isinstance(given, ArrayAttr) else ()
        return [entry.data for entry in entries if isinstance(entry, StringAttr)]

    def text(self, head: list[str], spelling: Spelling, own: Sequence[emitc.GlobalOp] | None = None) -> str:
        """A file: its head, arrays (by default all that are in no other file), and functions, blank lines between."""
        if own is None:
            own = [op for op in self.globals if FILE not in op.attributes and STATE not in op.attributes]
        arrays = [line for op in own for line in array_lines(op, spelling)]
        return "\n".join([*head, *(["", *arrays] if arrays else []), *self.definitions(spelling)]) + "\n"

    def definitions(self, spelling: Spelling) -> list[str]:
        """The definitions of all functions, a blank line before each."""
        names = self.names()
        return [line for f in self.functions for line in ("", *FunctionPrinter(spelling, names).function(f))]

    def prototype(self, spelling: Spelling) -> tuple[str, list[str]]:
        """The declaration of the entry, and the names of its arguments."""
        printer = FunctionPrinter(spelling, self.names())
        declaration = printer.signature(self.entry) + ";"
        return declaration, [printer.expressions.names[a] for a in self.entry.body.block.args]

    def names(self) -> Names:
        """Names for locals; those of functions and arrays are taken."""
        return Names([op.sym_name.data for op in (*self.functions, *self.globals)])


def is_header(name: str) -> bool:
    """True for what can stand between the quotes or brackets of an include."""
    return re.fullmatch(r"[\w./+-]+", name, re.ASCII) is not None


def array_bytes(op: emitc.GlobalOp) -> int:
    """The size of an array; numbers of 24 bits are used where they have three bytes."""
    element = op.type.element_type
    three = element.width.data == THREE_BYTES
    return op.type.size * (THREE_BYTES // 8 if three else dtype_of(element).itemsize)


def array_lines(op: emitc.GlobalOp, spelling: Spelling) -> list[str]:
    """The definition of an array with its elements in decimal."""
    attributes = dict(op.attributes)
    head = spelling.alignment_before(attributes) + ("static " if op.static_specifier is not None else "")
    head += array_head(op, spelling)
    if op.initial_value is None:
        return [f"{head}{spelling.alignment(attributes)};"]
    values = to_numpy(op.initial_value).reshape(-1)
    return [
        f"{head}{spelling.alignment(attributes)}{spelling.section(attributes)} = {{",
        *initializer_lines(values),
        "};",
    ]


def array_head(op: emitc.GlobalOp, spelling: Spelling) -> str:
    """`const NET_FLASH int8_t net_w[2]`"""
    attributes = dict(op.attributes)
    const = "const " if op.const_specifier is not None else ""
    type = spelling.flash(attributes) + spelling.memory(attributes) + spelling.array_type(op)
    return f"{const}{type} {op.sym_name.data}[{op.type.size}]"


def array_declaration(op: emitc.GlobalOp, spelling: Spelling) -> str:
    """The declaration of an array of another file."""
    return f"extern {array_head(op, spelling)};"


def initializer_lines(values: np.ndarray) -> list[str]:
    """The elements, so many to a line. The whole array is formatted at once: 1 MB takes a tenth of a second."""
    per_line = PER_LINE[values.dtype.itemsize]
    whole = len(values) // per_line * per_line
    rows = str(values[:whole].reshape(-1, per_line).tolist())[2:-2].split("], [") if whole else []
    rest = [str(values[whole:].tolist())[1:-1]] if whole < len(values) else []
    return [f"  {row}," for row in (*rows, *rest)]
