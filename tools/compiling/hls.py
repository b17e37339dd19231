"""A model as HLS C++: lanes as the device has room for, layers side by side where that is possible."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp

from ...passes.hls.flows.process import CannotOverlap
from ...targets.board import Board
from ...targets.device import BRAM36_BYTES
from ..hardware.refusals import refusing
from ..pipelines import Timing, pipeline, run_passes
from .options import Options


@dataclass(frozen=True)
class HlsProgram:
    """The module in emitc; what to say of how it was made, where there is something."""

    module: ModuleOp
    remarks: tuple[str, ...] = ()


def hls_program(
    fixed: ModuleOp, board: Board, options: Options, hardware: dict[str, int | str | None], timing: Timing
) -> HlsProgram:
    """Lower a module at the level `fixed`, with the parameters that the board and the options mean for hardware.

    Layers overlap on an FPGA where nothing hinders them, elsewhere where that is asked for.
    Raises UserError, with the node, for what synthesis would refuse, and where layers that shall overlap cannot.
    """
    overlap = options.overlap
    tried = board.fpga is not None if overlap is None else overlap
    with refusing("HLS"):
        try:
            return HlsProgram(lowered(fixed, board, options, hardware, timing, tried))
        except CannotOverlap as error:
            if overlap:
                raise
            remark = f"layers run one after the other: {error}"
            return HlsProgram(lowered(fixed, board, options, hardware, timing, False), (remark,))


def lowered(
    fixed: ModuleOp,
    board: Board,
    options: Options,
    hardware: dict[str, int | str | None],
    timing: Timing,
    overlap: bool,
) -> ModuleOp:
    """The module in emitc."""
    module, fpga = fixed.clone(), board.fpga
    bits = None if fpga is None else 8 * int(fpga.bram36 * BRAM36_BYTES)
    steps = pipeline("fixed-to-hls", **hardware, ports=options.ports, memory_bits=bits, overlap=overlap or None)
    run_passes(module, steps, timing)
    return module
