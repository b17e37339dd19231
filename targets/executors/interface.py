"""The interface that every executor implements, so that one harness can compare any two levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray
from xdsl.ir import Operation

Arrays = Mapping[str, NDArray[Any]]
"""Arrays by port label or node name, each with a leading batch axis: (batch, *shape as stored)."""

OnValue = Callable[[Operation, NDArray[Any]], None]
"""Told of each op with one result and its value, (batch, *shape), in the order of execution."""


@dataclass(frozen=True)
class Measurement:
    """What a run on a simulator or a linked firmware showed; None where the target cannot tell. Sizes in bytes.

    RAM and flash are the model's with the buffers of a call, `elf_*` those of the whole file with its harness.
    `profile` is what an inference is in each function of the model: cycles, or instructions by class
    (targets/simulators/classes.py). `interval` are cycles from the start of an inference to that of the next.
    """

    ram_bytes: int | None = None
    flash_bytes: int | None = None
    stack_bytes: int | None = None
    cycles: int | None = None
    interval: int | None = None
    instructions: int | None = None
    elf_ram_bytes: int | None = None
    elf_flash_bytes: int | None = None
    profile: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])


@dataclass(frozen=True)
class Run:
    """The outcome of running a batch: outputs by port label, and node values where a trace was asked for."""

    outputs: Arrays
    values: Arrays = field(default_factory=dict[str, NDArray[Any]])
    measurement: Measurement = Measurement()


class Executor(Protocol):
    """Runs a compiled or lowered model on a batch of inputs.

    `inputs` holds, per port label, an array of shape (batch, *stored shape): float32 for `onnx`, stored integers below.
    With `trace`, `values` holds the result of every node that the level can show.
    """

    level: str

    def run(self, inputs: Arrays, trace: bool = False) -> Run: ...
