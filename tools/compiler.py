"""From a model file and a board to every level of the staircase, and to the text at its end.

The driver behind all commands of `tinyml`. It holds no decision of its own: it names pipelines (tools/pipelines.py) and fills
their parameters from the board.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp

from ..dialects.errors import UserError
from ..targets.board import Board, load_board
from .pipelines import Timing, pipeline, run_passes

if TYPE_CHECKING:
    from ..targets.firmware import GeneratedModel


@dataclass(frozen=True)
class Options:
    """What a user chooses. `calibration` is an .npz file, needed where the model has float values without a range."""

    model: Path
    board: str
    calibration: Path | None = None
    bits: int = 8
    scheme: str = "affine"


@dataclass
class Compilation:
    """A model at every level; each module is a snapshot that the passes after it did not touch."""

    options: Options
    board: Board
    timing: Timing
    onnx: ModuleOp
    fixed: ModuleOp
    memplan: ModuleOp
    emitc: ModuleOp = field(repr=False)

    def generated(self) -> GeneratedModel:
        """The C source and header."""
        from ..targets.c import print_c
        from ..targets.firmware import GeneratedModel
        from ..targets.header import print_header
        from ..targets.ports import input_ports, output_ports
        from .pipelines import the_function

        function = the_function(self.fixed)
        with self.timing.measure("print C"):
            source, header = print_c(self.emitc), print_header(self.emitc)
        inputs, outputs = input_ports(function), output_ports(function)
        return GeneratedModel(function.sym_name.data, source, header, inputs, outputs)


def compile_model(options: Options) -> Compilation:
    """Run the whole staircase. Raises UserError for anything that the user can mend."""
    from ..lowering.import_onnx import import_onnx

    board = load_board(options.board)
    timing = Timing()
    with timing.measure("import"):
        onnx = import_onnx(options.model)
    fixed = onnx.clone()
    run_passes(fixed, pipeline("onnx-to-fixed", **fixed_parameters(options, board)), timing)
    memplan = fixed.clone()
    run_passes(memplan, pipeline("fixed-to-memplan", alignment=board.alignment), timing)
    emitc = memplan.clone()
    run_passes(emitc, pipeline("memplan-to-emitc", index_bits=board.index_bits), timing)
    return Compilation(options, board, timing, onnx, fixed, memplan, emitc)
