"""Concatenations inside each other, as deep as a model may write them."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerType, TensorType
from xdsl.ir import Block, SSAValue

from tinyml_opt.dialects.fixed import ConcatOp
from tinyml_opt.dialects.fixed.types import QType
from tinyml_opt.lowering.fixed_to_memplan.joined_places import Part, Parts, absolute, is_contiguous

DEPTH = 1500
"""More than Python's calls may nest."""


def test_concatenations_in_each_other_need_no_stack() -> None:
    element = QType(IntegerType(8), 1.0)
    (first,) = Block(arg_types=[TensorType(element, (1, 2))]).args
    concats: list[ConcatOp] = []
    parts: Parts = {}
    value: SSAValue = first
    for _ in range(DEPTH):
        concat = ConcatOp([first, value], 1)
        if concats:
            parts[concats[-1].result] = Part(concat, 2)
        concats.append(concat)
        value = concat.result
    assert absolute(Part(concats[0], 0), parts) == Part(concats[-1], 2 * (DEPTH - 1))
    assert is_contiguous(concats[0], parts)
