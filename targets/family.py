"""Families of FPGAs as data: what their memories and look-up tables hold, and what operations take of them.

A family is a TOML file in `targets/families/`, named as devices name their `family`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ..dialects.rtl import Stages


@dataclass(frozen=True)
class MemoryCell:
    """A cell with so many words of so many bits, and read ports where nothing writes (LUT RAM: beside one that writes).

    `cost`, and `bit_cost` of each bit that is used, are what Yosys compares.
    """

    words: int
    bits: int
    cost: float
    bit_cost: float = 0
    reads: int = 1
    luts: float = 0
    bram36: float = 0


@dataclass(frozen=True)
class Shares:
    """Of a part that is given to a design: look-up tables are estimated, and wires need room."""

    luts: float
    ffs: float
    dsps: float
    bram36: float


@dataclass(frozen=True)
class Family:
    """Prices in look-up tables of features of `rtl` (estimating/cells.py), and the shapes of memories.

    A block RAM that is written needs logic, to Yosys like so many ports of a memory: `block_ports` for each read port
    and `block_writes`. A bit of a constant costs it `constant_cost` in look-up tables, which have `table_inputs`.
    Products of less than `product_bits` take no multiplier, which may have an adder in front of it and one behind it,
    of `pre_adder_bits` and `post_adder_bits` (0: none); `block_registers`: the first register behind a word of a block
    RAM lies in it. `srl_bits` is how long a chain of registers one look-up table holds (0: none), `error` by how many
    percent models were off.
    """

    name: str
    blocks: tuple[MemoryCell, ...]
    block_ports: int
    block_writes: int
    lutrams: tuple[MemoryCell, ...]
    table_inputs: int
    constant_cost: float
    product_bits: int
    pre_adder_bits: int
    post_adder_bits: int
    srl_bits: int
    block_registers: bool
    luts: Mapping[str, float]
    stages: Stages
    shares: Shares
    error: float
    measured: str


@cache
def load_family(name: str) -> Family:
    """The family of this name."""
    data = tomllib.loads(files(f"{__package__}.families").joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    blocks = tuple(MemoryCell(**cell) for cell in data.pop("blocks"))
    lutrams = tuple(MemoryCell(**cell) for cell in data.pop("lutrams"))
    stages = Stages(**data.pop("stages"))
    shares = Shares(**data.pop("shares"))
    return Family(name=name, blocks=blocks, lutrams=lutrams, stages=stages, shares=shares, **data)
