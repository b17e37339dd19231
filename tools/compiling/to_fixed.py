"""The passes from a model to integers, a search for types among them."""

from __future__ import annotations

from itertools import pairwise

from xdsl.passes import ModulePass

from ...dialects.errors import UserError
from ...lowering.onnx_to_fixed.convert import TFLITE
from ...targets.board import Board
from ...targets.npz import read_arrays
from ..pipelines import pipeline
from .options import Options

WIDEST_PRODUCT = 64
"""Bits of any product."""

NARROW_WORD = 16
"""Cores whose indices have so many bits compute byte by byte: there every value has the width that it needs."""


def passes_to_fixed(options: Options, board: Board) -> list[ModulePass]:
    """The passes from the model to integers. Raises UserError for a search without data."""
    if options.search is not None and options.calibration is None:
        raise UserError("--search judges types on calibration data: give --calib")
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
        merge=True if board.fpga is not None else narrow,
        narrow=narrow,
        max_elements=options.max_elements,
        **limits,
    )


def product_bits(options: Options, board: Board) -> int:
    """The widest products of a change of scale: of TFLite's integers none is written in fewer bits than TFLite has."""
    return WIDEST_PRODUCT if options.arithmetic == TFLITE else board.product_bits


def split_at_search(passes: list[ModulePass]) -> list[list[ModulePass]]:
    """The passes before a search, the search, and those behind it."""
    at = [index for index, step in enumerate(passes) if step.name == "fixed-search-types"]
    ends = [0, *(end for index in at for end in (index, index + 1)), len(passes)]
    return [group for begin, end in pairwise(ends) if (group := passes[begin:end])]


def steps_in(options: Options, states: str) -> int:
    """How many steps a sequence of the data has, (sequences, steps, *shape of the input); 1 without data."""
    if options.calibration is None:
        return 1
    taken = {pair.partition("=")[0] for pair in states.split(",")}
    arrays = read_arrays(options.calibration)
    steps = {array.shape[1] for name, array in arrays.items() if name not in taken and array.ndim > 2}
    if len(steps) != 1:
        raise UserError(
            f"{options.calibration}: of a model with states inputs are (sequences, steps, *shape), all of as many steps"
        )
    return steps.pop()
