"""Families of FPGAs as data: what their memories and look-up tables hold, and what operations take of them.

A family is a TOML file in `targets/families/`, named as devices name their `family`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Stages:
    """What lies between two registers: `levels` of logic at most, of which a word straight from a memory takes `read`.

    Memories have `word_registers` behind a word that cost nothing.
    """

    levels: float
    read: float
    word_registers: int = 0


@dataclass(frozen=True)
class Family:
    """Prices in look-up tables of features of `rtl` (estimating/cells.py), and the shapes of memories.

    `blocks` are (words, bits, block RAMs of 36 Kbit), `lutrams` are (words, bits) of cells of `lutram_luts` look-up
    tables each; `block_cost` and `lutram_cost` are what Yosys compares. Products of less than `product_bits` take no
    multiplier, which may have an adder in front of it and one behind it, of `pre_adder_bits` and `post_adder_bits`
    (0: none). `srl_bits` is how long a chain of registers one look-up table holds (0: none), `error` by how many
    percent models were off.
    """

    name: str
    blocks: tuple[tuple[int, int, float], ...]
    block_cost: float
    lutrams: tuple[tuple[int, int], ...]
    lutram_cost: float
    lutram_luts: float
    product_bits: int
    pre_adder_bits: int
    post_adder_bits: int
    srl_bits: int
    luts: Mapping[str, float]
    stages: Stages
    error: float
    measured: str


@cache
def load_family(name: str) -> Family:
    """The family of this name."""
    data = tomllib.loads(files(f"{__package__}.families").joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    blocks = tuple((int(words), int(bits), float(price)) for words, bits, price in data.pop("blocks"))
    lutrams = tuple((int(words), int(bits)) for words, bits in data.pop("lutrams"))
    stages = Stages(**data.pop("stages"))
    return Family(name=name, blocks=blocks, lutrams=lutrams, stages=stages, **data)
