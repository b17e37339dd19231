"""Values of which only the place in a turn matters: what a sine or a cosine alone reads, over many periods."""

from __future__ import annotations

from xdsl.ir import SSAValue

from ....dialects import onnx

PERIODIC = (onnx.FUNCTIONS["Cos"], onnx.FUNCTIONS["Sin"])

BITS = 16
"""Their width where 8 bits would be too coarse."""

COARSE = 2.0**-4
"""In radians: a longer step of 8 bits is seen in the results."""


def only_turns(value: SSAValue, low: float, high: float) -> bool:
    """Whether sines and cosines alone read a value in [low, high], and 8 bits would say little of where in a turn."""
    readers = [use.operation for use in value.uses]
    return bool(readers) and all(isinstance(op, PERIODIC) for op in readers) and (high - low) / 255 > COARSE
