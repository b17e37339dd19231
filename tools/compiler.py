"""From a model file and a board to every level of the staircase, and to the text at its end.

The driver behind the Python interface and all commands of `tinyml`. It holds no decision of its own: it names pipelines
(tools/pipelines.py) and fills their parameters from the board. Its parts are in `compiling/`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ..dialects.errors import UserError
from ..passes.fixed.calibrate import the_function
from ..passes.fixed.scales.joined import coarse_parts
from ..passes.fixed.scales.ranges import RangeTypes
from ..passes.onnx.carry_rows import CarryRowsPass
from ..passes.onnx.carry_states import CarryStatesPass
from ..targets.board import Board, load_board
from .compiling.compilation import Compilation
from .compiling.options import Options
from .compiling.planning import memplan_passes
from .compiling.to_fixed import passes_to_fixed, split_at_search, steps_in
from .pipelines import Timing, run_passes

if TYPE_CHECKING:
    from ..lowering.import_onnx.importer import Imported
    from .searching.found import Found


def compile_model(options: Options) -> Compilation:
    """From the file to the memory plan. Raises UserError for anything that the user can mend."""
    board = the_board(options)
    refuse_unsuited(options, board)
    timing = Timing()
    onnx, remarks = taken(options, timing)
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


def taken(options: Options, timing: Timing) -> tuple[ModuleOp, tuple[str, ...]]:
    """The model with its states carried, and what is to be said of it. Raises UserError."""
    with timing.measure("import"):
        imported = read(options)
    if states := ",".join(filter(None, (options.states, imported.states))):
        run_passes(imported.module, [CarryStatesPass(states, steps_in(options, states))], timing)
    elif options.input == "steps":
        return imported.module, (*imported.remarks, *CarryRowsPass().run(imported.module))
    return imported.module, imported.remarks


def the_board(options: Options) -> Board:
    """The board, with the reserve for the stack that the user wants. Raises UserError."""
    board = load_board(options.board)
    return board if options.stack is None else replace(board, stack_bytes=options.stack)


def refuse_unsuited(options: Options, board: Board) -> None:
    """Raise UserError for what a board does not go with.

    A search weighs flash, RAM and cycles of programs. AVR's compiler of C++ has no address space for constants, which
    would be in RAM.
    """
    if options.search is not None and board.fpga is not None:
        raise UserError(
            f"--search weighs what programs take, and board '{board.name}' is an FPGA: search for a board with a "
            "microcontroller, and give the file NAME.types.toml that it writes as --types here"
        )
    if options.form.standard.startswith("c++") and board.compiler.startswith("avr"):
        raise UserError(
            f"--cpp: avr-g++ cannot keep constants in flash; board {board.name} takes C, which C++ can call"
        )


def read(options: Options) -> Imported:
    """The model in the `onnx` dialect. Raises UserError for all that it cannot be taken with."""
    from ..dialects.onnx.budget import DEFAULT_ELEMENTS
    from ..lowering.import_model import read_model

    if options.calibration is not None and not options.calibration.is_file():
        raise UserError(f"{options.calibration}: no such data file")
    return read_model(options.model, options.name, options.sizes, options.max_elements or DEFAULT_ELEMENTS)


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


def lowered_from(compilation: Compilation, passes: list[ModulePass]) -> Compilation:
    """The levels below the typed model."""
    fixed = compilation.typed.clone()
    run_passes(fixed, passes, compilation.timing)
    memplan = fixed.clone()
    run_passes(memplan, memplan_passes(compilation.options, compilation.board, fixed), compilation.timing)
    return replace(compilation, fixed=fixed, memplan=memplan)
