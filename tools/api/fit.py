"""Does a model fit a board? An answer for loops that ask it of thousands of models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...dialects.fixed.structured import StructuredForm
from ...dialects.memplan.loops import rounds_of
from ...lowering.memplan_to_loops.stream import STATE_BYTES
from ...passes.fixed.calibrate import the_function
from ...passes.memplan.costing.forms import form_work
from ...passes.memplan.fit import FitPass
from ...passes.memplan.limits.effort import is_limited
from ...targets.board import Board
from ...targets.costs import cost_model
from ..analyze import analyze, plan_of, ram_limit
from ..collector import paused
from ..compiler import compile_model, taken, the_board
from ..compiling.options import Options
from ..compiling.planning import memplan_passes
from ..compiling.to_fixed import passes_to_fixed
from ..constants import constant_kinds
from ..fit import POINTER_REACH
from ..memory_map import caller_bytes
from ..pipelines import Timing, run_passes
from .bounds import alive, least_weights, scheduled, stream
from .model import Choices, load

if TYPE_CHECKING:
    import onnx

    from .model import Model

EFFORT = 3
"""How much planners may look at; by default `compile` has 100. A plan that is found so, `compile` finds as well."""

CODE_BYTES = 60, 400, 2000
"""The least, about the usual, and the most that the code of a form takes in flash (of `tinyml analyze`, on AVR and
Cortex-M boards: 113 to 880 a form). Only where the answer hangs on it is code generated and priced."""


@dataclass(frozen=True)
class Fit:
    """Whether a model fits, which is also its truth value; sizes in bytes, with the caller's buffers.

    `reasons` say what keeps it from the board. `flash_bytes` and `cycles` are estimates. Where the RAM does not suffice
    `compile`, which looks longer, at moves and at patches, may still find a plan; with `limited` more likely.
    Where weights alone leave the flash nothing else is looked at: RAM, MACs and cycles are 0 then. Of a program that
    leaves the RAM however it is streamed, its bytes are what it has at least.
    """

    fits: bool
    ram_bytes: int
    ram_limit_bytes: int
    flash_bytes: int
    flash_limit_bytes: int
    macs: int
    cycles: int
    limited: bool
    certain: bool
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.fits


@paused()
def can_fit(model: str | Path | bytes | onnx.ModelProto | Model, board: str | Path, **choices: Unpack[Choices]) -> Fit:
    """Whether a model fits a board with the choices of `Model.compile`; float models need no calibration data.

    The plans are those of `compile`, with less effort, and without the independent check: nothing is generated from
    them. Raises UserError for a model that cannot be taken at all.
    """
    loaded = load(model)
    options = loaded.options(board, sizes_only=True, **{"effort": EFFORT, **choices})
    target = the_board(options)
    if target.fpga is not None:
        raise UserError(f"board '{target.name}' is an FPGA: can_fit tells of programs in flash and RAM")
    if options.search is not None:
        raise UserError("can_fit does not search for types: give `types`, or use Model.compile")
    fixed, _ = taken(options, Timing())
    if (refused := too_many_weights(fixed, options, target)) is not None:
        return refused
    run_passes(fixed, passes_to_fixed(options, target), Timing(), verify=False)
    module, passes = fixed.clone(), memplan_passes(options, target, fixed)
    planning = next((n for n, step in enumerate(passes) if isinstance(step, FitPass)), 0)
    run_passes(module, passes[:planning], Timing(), Context(), verify=False)
    if planning and (refused := too_many_bytes(module, options, target)) is not None:
        return refused
    rest = [quick(step) for step in passes[planning:] if step.name != "memplan-check"]
    run_passes(module, rest, Timing(), Context(), verify=False)
    found = estimate(module, options, target, plan_of(the_function(module))["peak"])
    return found if found.certain else weighed(found, options)


def too_many_weights(model: ModuleOp, options: Options, board: Board) -> Fit | None:
    """The refusal of a model whose weights alone leave the flash; None where they do not."""
    flash, weights = options.flash_limit(board), least_weights(model, options)
    if weights <= flash:
        return None
    reason = f"at least {weights:,} bytes of flash for weights, {weights - flash:,} more than {flash:,}"
    return Fit(False, 0, ram_limit(board, options.ram), weights, flash, 0, 0, False, True, (reason,))


def too_many_bytes(module: ModuleOp, options: Options, board: Board) -> Fit | None:
    """The refusal of a program whose least RAM is too much, before its bytes are placed; None where it is not."""
    program, limit = scheduled(module, options), ram_limit(board, options.ram)
    room = limit - caller_bytes(the_function(module))
    if alive(program) <= room or (arena := stream(program, options, board.alignment)) <= room:
        return None
    return estimate(program, options, board, arena)


def quick(step: ModulePass) -> ModulePass:
    """A pass as it is, but for plans that move or compute something twice, which take the longest to find."""
    return replace(step, max_recompute=1.0, moves=False, compare=False) if isinstance(step, FitPass) else step


def estimate(module: ModuleOp, options: Options, board: Board, arena: int) -> Fit:
    """What a program with so many bytes of arena needs; not `certain` where the size of its code decides."""
    function = the_function(module)
    forms = [op for op in function.walk() if isinstance(op, StructuredForm)]
    costs, kinds = cost_model(board), constant_kinds(module)
    flash = options.flash_limit(board)
    constants = kinds.parameters + kinds.multipliers + kinds.tables
    least, usual, most = (constants + len(forms) * code for code in CODE_BYTES)
    state = STATE_BYTES if options.input == "rows" else 0
    ram, limit = arena + caller_bytes(function) + state, ram_limit(board, options.ram)
    reasons = [f"{ram:,} bytes of RAM, {ram - limit:,} more than {limit:,}"] if ram > limit else []
    if least > flash:
        over = least - flash
        reasons.append(f"at least {least:,} bytes of flash, {over:,} more than {flash:,}")
    cycles = round(sum(costs.cycles(form_work(form)) for form in forms))
    if options.cycles is not None and cycles > options.cycles:
        reasons.append(f"about {cycles:,} cycles, more than {options.cycles:,}")
    if board.index_bits == 16 and not board.near_flash_bytes and constants > POINTER_REACH:
        reasons.append(f"{constants:,} bytes of constants, more than 16-bit pointers reach")
    return Fit(
        fits=not reasons,
        ram_bytes=ram,
        ram_limit_bytes=limit,
        flash_bytes=usual,
        flash_limit_bytes=flash,
        macs=sum(form.macs * rounds_of(form) for form in forms),
        cycles=cycles,
        certain=bool(reasons) or most <= flash,
        limited=any(map(is_limited, function.attributes.values())),
        reasons=tuple(reasons),
    )


def weighed(found: Fit, options: Options) -> Fit:
    """The answer where the size of the code decides: the program is generated, and its code priced."""
    analysis = analyze(compile_model(options))
    return replace(
        found,
        fits=not analysis.misfit,
        ram_bytes=analysis.peak_ram_bytes,
        flash_bytes=analysis.flash_bytes,
        certain=True,
        reasons=analysis.misfit,
    )
