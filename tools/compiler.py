"""From a model file and a board to every level of the staircase, and to the text at its end.

The driver behind all commands of `tinyml`. It holds no decision of its own: it names pipelines (tools/pipelines.py)
and fills their parameters from the board.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from ..dialects.errors import UserError
from ..dialects.memplan import INPUT_ARENA, INPUT_STEPS
from ..lowering.import_onnx.sizes import Sizes
from ..lowering.memplan_to_loops.stream import STATE_BYTES
from ..lowering.onnx_to_fixed.convert import EXACT, TFLITE
from ..passes.fixed.calibrate import argument_types, the_function
from ..passes.fixed.expose_nodes import ExposeNodesPass
from ..passes.fixed.scales.joined import coarse_parts
from ..passes.fixed.scales.ranges import RangeTypes
from ..passes.memplan.limits.effort import EFFORT, is_limited
from ..passes.onnx.carry_rows import CarryRowsPass
from ..passes.onnx.carry_states import CarryStatesPass
from ..targets.board import Board, load_board
from ..targets.core import core_of, operations_of
from ..targets.costs import cost_model
from ..targets.npz import read_arrays
from ..targets.static_data import arena_limit
from .model_sizes import sizes_of
from .pipelines import Timing, pipeline, run_passes

if TYPE_CHECKING:
    from ..targets.dataset import Dataset
    from ..targets.firmware import GeneratedModel
    from .searching.found import Found


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


WIDEST_PRODUCT = 64
"""Bits of any product."""

NARROW_WORD = 16
"""Cores whose indices have so many bits compute byte by byte: there every value has the width that it needs."""


@dataclass(frozen=True)
class Options:
    """What a user chooses.

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

    model: Path
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
    lanes: int = 1
    """Of hardware: how many points of a form are computed at once, at most; a power of two."""

    def flash_limit(self, board: Board) -> int:
        """The bytes of flash that a program may have."""
        return board.flash_bytes if self.flash is None else min(self.flash, board.flash_bytes)


@dataclass
class Compilation:
    """A model at every level; each module is a snapshot that the passes after it did not touch.

    `remarks` say how the importer took what the model leaves open, and where values lose bits to others.
    `typed` is the model simplified, with the type of every value: what `convert-onnx-to-fixed` takes.
    """

    options: Options
    board: Board
    timing: Timing
    remarks: tuple[str, ...]
    onnx: ModuleOp = field(repr=False)
    typed: ModuleOp = field(repr=False)
    fixed: ModuleOp = field(repr=False)
    memplan: ModuleOp = field(repr=False)
    found: Found | None = None
    """What a search for types compared, and took."""

    @property
    def function(self) -> FuncOp:
        """The function at the level `fixed`, with its ports."""
        return the_function(self.fixed)

    @property
    def limited(self) -> bool:
        """True where planning has stopped at its limit: more effort may find a plan with less RAM, or a cheaper one."""
        return any(map(is_limited, the_function(self.memplan).attributes.values()))

    @property
    def name(self) -> str:
        """The model's name, a C identifier."""
        return self.function.sym_name.data

    def c_files(self) -> dict[str, str]:
        """NAME.c and NAME.h."""
        model = self.generated()
        return {f"{model.name}.c": model.source, f"{model.name}.h": model.header}

    def hls_files(self) -> dict[str, str]:
        """NAME.cpp and its C test bench NAME_tb.cpp."""
        from ..targets.hls import print_hls
        from ..targets.hls_testbench import print_hls_testbench

        module = self.fixed.clone()
        run_passes(module, pipeline("fixed-to-hls"), self.timing)
        with self.timing.measure("print"):
            return {f"{self.name}.cpp": print_hls(module), f"{self.name}_tb.cpp": print_hls_testbench(module)}

    def hardware(self) -> dict[str, int | None]:
        """The parameters of the hardware's pipeline."""
        fpga, lanes = self.board.fpga, self.options.lanes
        multiplier, wide = (None, None) if fpga is None else (fpga.multiplier_bits, fpga.multiplier_wide_bits)
        return {"lanes": lanes if lanes > 1 else None, "multiplier": multiplier, "wide": wide}

    def rtl(self) -> ModuleOp:
        """The program as hardware, in IR."""
        module = self.fixed.clone()
        run_passes(module, pipeline("fixed-to-rtl", **self.hardware()), self.timing)
        return module

    def exposed(self) -> Compilation:
        """The same program with every node's value as an output: to find where compiled code goes wrong."""
        fixed = self.fixed.clone()
        run_passes(fixed, [ExposeNodesPass()], self.timing)
        memplan = fixed.clone()
        options = replace(self.options, memories=False)
        run_passes(memplan, memplan_passes(options, self.board, fixed), self.timing)
        return replace(self, options=options, fixed=fixed, memplan=memplan)

    @cached_property
    def emitc(self) -> ModuleOp:
        """The program as C, in IR. Raises UserError for what the board's index width does not reach."""
        return self.lowered(self.memplan, self.board.index_bits)

    def lowered(self, plan: ModuleOp, bits: int, whole: bool = True) -> ModuleOp:
        """A plan for this board as C for a word and indices of so many bits; of a sample each form is a function.

        Raises UserError.
        """
        module = plan.clone()
        sections = ",".join(f"{memory.id}={memory.section}" for memory in self.board.memories if memory.section)
        near, operations = self.board.near_flash_bytes, ",".join(operations_of(self.board)) or None
        share = True if whole and bits == NARROW_WORD else None
        widths = {"index_bits": bits, "word_bits": bits}
        kinds = {"share": share, "noinline": bits != NARROW_WORD, "operations": operations}
        passes = pipeline("memplan-to-emitc", **widths, **kinds, sections=sections, near_flash=near)
        run_passes(module, passes, self.timing)
        return module

    def generated(self) -> GeneratedModel:
        """The C source and header."""
        from ..targets.c import print_c
        from ..targets.firmware import GeneratedModel
        from ..targets.header import print_header
        from ..targets.ports import input_ports, input_rows, output_ports, output_rows

        module = self.emitc
        with self.timing.measure("print"):
            source, header = print_c(module, self.options.asm), print_header(module)
        inputs, outputs = input_ports(self.function), output_ports(self.function)
        plan = the_function(self.memplan)
        return GeneratedModel(
            self.name,
            source,
            header,
            inputs,
            outputs,
            input_rows(plan),
            INPUT_ARENA in plan.attributes,
            INPUT_STEPS in plan.attributes,
            output_rows(plan),
        )


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
        lanes=getattr(args, "lanes", 1),
        arithmetic=args.arithmetic,
    )


def search_options(args: Namespace) -> SearchOptions | None:
    """The search that a command line asks for. Raises UserError for its limits without it, and without data."""
    limits = {"weights": "--weights", "max_loss": "--max-loss"}
    given = [flag for name, flag in limits.items() if getattr(args, name, None) is not None]
    if getattr(args, "search", None) is None:
        if given:
            raise UserError(f"{', '.join(given)}: a limit of the search for types; give --search as well")
        return None
    if args.arithmetic != EXACT:
        raise UserError("--search judges exact arithmetic: leave --arithmetic out, or give the types that it found")
    if args.calib is None:
        raise UserError("--search judges types on calibration data: give --calib")
    limited = given or any(limit is not None for limit in (args.ram, args.flash, args.cycles))
    return SearchOptions(
        args.search, args.weights, args.flash, args.cycles, args.max_loss if limited else LOSS, args.errors
    )


def compile_model(options: Options) -> Compilation:
    """From the file to the memory plan. Raises UserError for anything that the user can mend."""
    from ..dialects.onnx.budget import DEFAULT_ELEMENTS
    from ..lowering.import_model import read_model

    board = load_board(options.board)
    if options.stack is not None:
        board = replace(board, stack_bytes=options.stack)
    if options.calibration is not None and not options.calibration.is_file():
        raise UserError(f"{options.calibration}: no such data file")
    timing = Timing()
    with timing.measure("import"):
        imported = read_model(options.model, sizes=options.sizes, max_elements=options.max_elements or DEFAULT_ELEMENTS)
    onnx = imported.module
    remarks = imported.remarks
    if options.states:
        run_passes(onnx, [CarryStatesPass(options.states, steps_in(options))], timing)
    elif options.input == "steps":
        remarks += CarryRowsPass().run(onnx)
    typed = onnx.clone()
    passes = passes_to_fixed(options, board)
    lowering = next(index for index, step in enumerate(passes) if step.name == "convert-onnx-to-fixed")
    empty = Compilation(options, board, timing, remarks, onnx, typed, typed, typed)
    found = run_with_search(empty, passes[:lowering], passes[lowering:])
    compilation = lowered_from(replace(empty, found=found), passes[lowering:])
    if options.calibration is None:
        return compilation
    ranges = RangeTypes(options.bits, options.scheme == "pow2")
    return replace(compilation, remarks=(*compilation.remarks, *coarse_parts(the_function(typed), ranges)))


def passes_to_fixed(options: Options, board: Board) -> list[ModulePass]:
    """The passes from the model to integers."""
    search, narrow = options.search, True if board.index_bits == NARROW_WORD else None
    most_ram = max(0, board.ram_bytes - board.stack_bytes)
    limits = (
        {}
        if search is None
        else {
            "strategy": search.strategy,
            "weights": search.weights,
            "flash": min(search.flash or board.flash_bytes, board.flash_bytes),
            "ram": min(options.ram or most_ram, most_ram),
            "cycles": search.cycles,
            "loss": search.loss,
            "objective": search.objective,
            "board": options.board,
        }
    )
    return pipeline(
        "onnx-to-fixed",
        data=None if options.calibration is None else str(options.calibration),
        method=options.method,
        percentile=options.percentile,
        nominal=True if options.sizes_only else None,
        bits=options.bits,
        file=None if options.types is None else str(options.types),
        scheme=options.scheme,
        accumulator_bits=board.product_bits,
        product_bits=product_bits(options, board),
        arithmetic=options.arithmetic,
        spare_flash=narrow,
        merge=narrow,
        narrow=narrow,
        max_elements=options.max_elements,
        **limits,
    )


def product_bits(options: Options, board: Board) -> int:
    """The widest products of a change of scale: of TFLite's integers none is written in fewer bits than TFLite has."""
    return WIDEST_PRODUCT if options.arithmetic == TFLITE else board.product_bits


def run_with_search(compilation: Compilation, passes: list[ModulePass], rest: list[ModulePass]) -> Found | None:
    """Run the passes up to the types; a search among them is told what programs take, which the `rest` makes."""
    from .analyze import analyze
    from .constants import constant_kinds
    from .searching.costs import ProgramSizes
    from .searching.search_types import SearchTypesPass

    def measure(module: ModuleOp) -> ProgramSizes:
        options = replace(compilation.options, search=None)
        program = lowered_from(replace(compilation, options=options, typed=module, timing=Timing()), rest)
        analysis = analyze(program)
        return ProgramSizes(constant_kinds(program.memplan).parameters, analysis.flash_bytes, analysis.peak_ram_bytes)

    found: Found | None = None
    for group in split_at_search(passes):
        if isinstance(group[0], SearchTypesPass):
            with compilation.timing.measure(group[0].name):
                found = group[0].run(compilation.typed, measure)
        else:
            run_passes(compilation.typed, group, compilation.timing)
    return found


def split_at_search(passes: list[ModulePass]) -> list[list[ModulePass]]:
    """The passes before a search, the search, and those behind it."""
    at = [index for index, step in enumerate(passes) if step.name == "fixed-search-types"]
    ends = [0, *(end for index in at for end in (index, index + 1)), len(passes)]
    return [group for begin, end in pairwise(ends) if (group := passes[begin:end])]


def lowered_from(compilation: Compilation, passes: list[ModulePass]) -> Compilation:
    """The levels below the typed model."""
    fixed = compilation.typed.clone()
    run_passes(fixed, passes, compilation.timing)
    memplan = fixed.clone()
    run_passes(memplan, memplan_passes(compilation.options, compilation.board, fixed), compilation.timing)
    return replace(compilation, fixed=fixed, memplan=memplan)


def steps_in(options: Options) -> int:
    """How many steps a sequence of the data has, (sequences, steps, *shape of the input); 1 without data."""
    if options.calibration is None:
        return 1
    taken = {pair.partition("=")[0] for pair in options.states.split(",")}
    arrays = read_arrays(options.calibration)
    steps = {array.shape[1] for name, array in arrays.items() if name not in taken and array.ndim > 2}
    if len(steps) != 1:
        raise UserError(
            f"{options.calibration}: with --state inputs are (sequences, steps, *shape), all of as many steps"
        )
    return steps.pop()


def memplan_passes(options: Options, board: Board, fixed: ModuleOp) -> list[ModulePass]:
    """The passes that plan the memory of a module at the level `fixed`."""
    by = None if options.input == "caller" else options.input
    beside, state = bytes_outside(the_function(fixed), options.input), STATE_BYTES if by == "rows" else 0
    ram, most = (arena_limit(board, limit, beside, state) for limit in (options.ram, None))
    memories = memories_of(board, board.ram_bytes - most) if options.memories else None
    common = {"alignment": board.alignment, "by": by, "memories": memories, "effort": options.effort}
    common |= {
        "core": core_of(board).name,
        "costs": cost_model(board).text(),
        "operations": ",".join(operations_of(board)) or None,
        "flash": options.flash_limit(board),
        "packed": options.packed,
    }
    streams = options.stream or (by == "rows" and options.ram is None)
    if streams and options.objective == "speed" and options.cycles is None:
        return pipeline("fixed-to-memplan", stream=True, **common)
    return pipeline("fixed-to-memplan-within", ram=ram, objective=options.objective, cycles=options.cycles, **common)


def memories_of(board: Board, taken: int) -> str:
    """The board's memories as `memplan-place` takes them; `taken` bytes of the one without a section are not to be had.

    Raises UserError where the board has none with an `id`.
    """
    named = [memory for memory in board.memories if memory.id]
    if not named:
        raise UserError(
            f"--memories: the file of board '{board.name}' lists no memories with an `id`: leave the option out for "
            "one arena, or give a board file with such [[memories]], the fastest first"
        )
    default = board.ram_bytes - sum(memory.bytes for memory in named if memory.section) - taken
    sizes = {memory.id: memory.bytes if memory.section else min(memory.bytes, default) for memory in named}
    return ",".join(f"{name}={size}" for name, size in sizes.items() if size > 0)


def bytes_outside(function: FuncOp, input: str) -> int:
    """The bytes that the caller keeps outside the arena: outputs, and inputs, or one row of the input."""
    from ..targets.firmware import caller_bytes
    from ..targets.ports import input_ports, output_ports

    inputs, rows = input_ports(function), 0
    if input in ("rows", "steps"):
        rows = next((size for port in inputs for size in port.stored_shape if size != 1), 1)
    return caller_bytes(() if input == "arena" else inputs, output_ports(function), rows)


def input_types(module: ModuleOp) -> dict[str, TensorType]:
    """The tensor types of a model's inputs, by name."""
    return argument_types(the_function(module))


def float_outputs(compilation: Compilation, dataset: Dataset, exact: bool = False) -> dict[str, NDArray[Any]]:
    """The outputs of the model itself, as real numbers, by name: in float32, or in float64 where they must be exact."""
    from ..targets.executors.onnx import OnnxExecutor
    from ..targets.ports import input_ports, model_to_real, output_ports, to_model

    function = compilation.function
    inputs = to_model(dataset, input_ports(function), the_function(compilation.onnx))
    executor = OnnxExecutor(compilation.onnx, np.float64 if exact else np.float32)
    return model_to_real(executor.run(inputs).outputs, output_ports(function))
