"""What a user chooses of a compilation, and what a command line says of it."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path

from ...dialects.errors import UserError
from ...lowering.import_onnx.sizes import Sizes
from ...lowering.onnx_to_fixed.convert import EXACT
from ...passes.memplan.limits.effort import EFFORT
from ...targets.board import Board
from ..model_sizes import sizes_of

DOUBLE = "double"
RTL_PORTS = ("memory", DOUBLE)
"""What ports Verilog may have: memories that modules and the caller share, or one for each (hls-double-ports)."""

LOSS = 0.5
"""In percent of the rows: what a search may lose where neither a loss nor a limit is given."""


@dataclass(frozen=True)
class SearchOptions:
    """A search for types: the strategy, its limits in bytes and cycles, and the loss in percent that is allowed.

    Without a loss the error is least within the limits (tools/searching/search_types.py).
    """

    strategy: str = "exact"
    weights: int | None = None
    flash: int | None = None
    cycles: int | None = None
    loss: float | None = None
    objective: str = "outputs"


@dataclass(frozen=True)
class CodeForm:
    """How a program stands in C: none of it changes an integer.

    `standard` is c99, c11 or c++11. In `single_file` header and constants are part of NAME.c. With `caller_state`
    memory is the caller's, one `NAME_state` for each instance. `hooks` are called around layers.
    """

    standard: str = "c99"
    single_file: bool = False
    caller_state: bool = False
    hooks: bool = False


@dataclass(frozen=True)
class Options:
    """What a user chooses.

    `model` is an ONNX file or its bytes, `name` what generated files are called (by default as the file).
    `calibration` is an .npz file, needed where the model has float values without a range; with `sizes_only` ranges are
    made up, and only sizes and counts of the result mean anything. `stream` runs chains of layers row by row where that
    saves RAM; without it only what `ram` demands is done, in bytes with the caller's inputs and outputs, by default all
    that the board has beside `stack` bytes, the reserve for the stack (by default that of the board's file). `input`
    says where the input lies: in the `caller`'s memory, in the `arena`, or it comes in `rows`, which streams, too, or
    in `steps` without end. With `memories` the plan has an arena in each of the board's memories that it uses, instead
    of one in all. `max_elements` is the most elements of one value (dialects/onnx/budget.py), `effort` how much the
    planners of memory may look at (passes/memplan/limits/effort.py), `sizes` those of its inputs. `method` and
    `percentile` say how ranges follow from the data (passes/fixed/calibrate.py); `types` is a file that sets widths
    and scales of single values, `search` looks for those that it leaves open. Without `asm` there is no assembly in the
    C. `packed` are the bits of weights in the order of use, `auto` as flash allows (passes/memplan/tile.py). What a
    plan is for is its `objective`: speed, ram or flash (passes/memplan/fit.py); `flash` in bytes and `cycles` of an
    inference are limits. `arithmetic` is how integers are computed (lowering/onnx_to_fixed/convert.py).
    """

    model: Path | bytes
    board: str
    calibration: Path | None = None
    bits: int = 8
    scheme: str = "affine"
    sizes_only: bool = False
    stream: bool = False
    input: str = "caller"
    ram: int | None = None
    memories: bool = False
    stack: int | None = None
    max_elements: int | None = None
    effort: int = EFFORT
    sizes: Sizes = field(default_factory=Sizes)
    method: str = "minmax"
    percentile: float = 99.99
    types: Path | None = None
    states: str = ""
    asm: bool = True
    packed: str = "auto"
    objective: str = "speed"
    flash: int | None = None
    cycles: int | None = None
    search: SearchOptions | None = None
    arithmetic: str = EXACT
    lanes: int = 0
    """Of hardware: how many points of a form are computed at once, at most; a power of two."""
    ports: str = "memory"
    """What is around hardware: of HLS, see passes/hls/interface.py; of Verilog, memory or double ones."""
    overlap: bool | None = None
    """Of HLS: layers run side by side, row by row; None: on an FPGA, where that is possible."""
    name: str | None = None
    form: CodeForm = CodeForm()

    @property
    def spares_flash(self) -> bool:
        """Whether less flash is worth some time: it is asked for, or weights are bytes, which are unpacked."""
        return self.packed == "8" or self.objective == "flash"

    def flash_limit(self, board: Board) -> int:
        """The bytes of flash that a program may have."""
        return board.flash_bytes if self.flash is None else min(self.flash, board.flash_bytes)


def options_of(args: Namespace) -> Options:
    """The options of a command line."""
    return Options(
        args.model,
        args.board,
        args.calib,
        args.bits,
        args.scheme,
        stream=args.stream,
        input="rows" if args.input_rows else "steps" if args.state and args.input == "caller" else args.input,
        ram=args.ram,
        memories=args.memories,
        stack=args.stack,
        max_elements=args.max_elements,
        effort=args.effort or EFFORT,
        sizes=sizes_of(args),
        method=args.calibration,
        percentile=args.percentile,
        types=args.types,
        states=",".join(args.state),
        asm=args.asm == "on",
        packed=args.packed,
        objective=args.objective,
        flash=args.flash,
        cycles=args.cycles,
        search=search_options(args),
        lanes=getattr(args, "lanes", 0),
        ports=getattr(args, "ports", "memory"),
        overlap=getattr(args, "overlap", None),
        arithmetic=args.arithmetic,
        form=code_form(args),
    )


def code_form(args: Namespace) -> CodeForm:
    """How a command line wants the program in C; only `compile` has a choice."""
    if not hasattr(args, "single_file"):
        return CodeForm()
    standard = "c++11" if args.cpp else args.c_standard
    return CodeForm(standard, args.single_file, args.arena == "caller", args.profile)


def search_options(args: Namespace) -> SearchOptions | None:
    """The search that a command line asks for. Raises UserError for its limits without it."""
    limits = {"weights": "--weights", "max_loss": "--max-loss"}
    given = [flag for name, flag in limits.items() if getattr(args, name, None) is not None]
    if getattr(args, "search", None) is None:
        if given:
            raise UserError(f"{', '.join(given)}: a limit of the search for types; give --search as well")
        return None
    if args.arithmetic != EXACT:
        raise UserError("--search judges exact arithmetic: leave --arithmetic out, or give the types that it found")
    limited = given or any(limit is not None for limit in (args.ram, args.flash, args.cycles))
    return SearchOptions(
        args.search, args.weights, args.flash, args.cycles, args.max_loss if limited else LOSS, args.errors
    )
