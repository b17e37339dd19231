"""MiniMalloc's instances as plans to be placed: `id,lower,upper,size`, a buffer alive at times lower <= t < upper.

The format of Moffitt, "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated Machine Learning"
(ASPLOS 2023). Steps are opaque: there is one for each time at which a life begins or ends.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from xdsl.dialects.builtin import MemRefType, ModuleOp, i8
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue

from ..dialects.dense import from_numpy
from ..dialects.errors import UserError
from ..dialects.memplan import TIMES, BufferOp, OpaqueOp

COLUMNS = ("id", "lower", "upper", "size")


@dataclass(frozen=True)
class Row:
    """A line of the file: a buffer of `size` bytes, alive at times lower <= t < upper."""

    id: str
    lower: int
    upper: int
    size: int


def import_minimalloc(text: str, name: str) -> ModuleOp:
    """A module with one function of opaque steps and buffers. `name` is the file's, without its suffix.

    Raises UserError with every line that is not `id,lower,upper,size`; more columns (an offset) are left aside.
    """
    rows = parse(text)
    times = np.unique([time for row in rows for time in (row.lower, row.upper - 1)])
    function = FuncOp(re.sub(r"\W", "_", name, flags=re.ASCII) or "instance", ([], []))
    block = function.body.block
    begins: dict[int, list[SSAValue]] = {}
    ends: dict[int, list[SSAValue]] = {}
    for row in rows:
        buffer = BufferOp(MemRefType(i8, [row.size]), row.id)
        block.add_op(buffer)
        begins.setdefault(row.lower, []).append(buffer.result)
        ends.setdefault(row.upper - 1, []).append(buffer.result)
    for time in times.tolist():
        born = begins.get(time, [])
        dying = [value for value in ends.get(time, []) if value not in born]
        # A step writes something: where nothing begins, what ends there is written again.
        block.add_op(OpaqueOp(dying, born) if born else OpaqueOp([], dying))
    block.add_op(ReturnOp())
    function.attributes[TIMES] = from_numpy(times.astype(np.int64))
    return ModuleOp([function])


def parse(text: str) -> list[Row]:
    """The lines of a file. Raises UserError with everything that is wrong."""
    lines = list(csv.reader(text.splitlines()))
    if not lines or tuple(cell.strip() for cell in lines[0][:4]) != COLUMNS:
        raise UserError(f"not an instance of MiniMalloc: the first line must be {','.join(COLUMNS)}")
    rows: list[Row] = []
    reasons: list[str] = []
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        try:
            rows.append(read(line))
        except ValueError as error:
            reasons.append(f"line {number}, `{','.join(line)}`: {error}")
    reasons += repeated(row.id for row in rows)
    if not rows and not reasons:
        reasons.append("there are no buffers after the first line")
    if reasons:
        raise UserError(*reasons)
    return rows


def read(line: list[str]) -> Row:
    """A line. Raises ValueError where it makes no sense."""
    if len(line) < len(COLUMNS):
        refuse(f"{len(line)} columns, {len(COLUMNS)} are needed")
    if not all(re.fullmatch(r"\s*-?\d+\s*", cell) for cell in line[1:4]):
        refuse("lower, upper and size are whole numbers")
    lower, upper, size = map(int, line[1:4])
    if upper <= lower:
        refuse("upper must be greater than lower")
    if size < 1:
        refuse("the size is at least 1 byte")
    return Row(line[0].strip(), lower, upper, size)


def refuse(reason: str) -> NoReturn:
    """Raise ValueError."""
    raise ValueError(reason)


def repeated(names: Iterable[str]) -> list[str]:
    """A reason for each name that occurs twice."""
    return [f"the id {name} occurs twice" for name, count in Counter(names).items() if count > 1]
