"""Blocks of machine operations, the insides of tiles: one list of operations, spelled as assembly and as C.

- `dot_4xP_Q`, `dot8_4xP_Q` (dot.py) add to the sums of four channels at P pixels the products of Q quads.
- `pairs_4xP_Q` (pairs.py) does so with weights of two taps in a half.
- `dotn_`, `dot8n_` and `pairsn_` take Q quads in each of some turns, whose number is passed.
- `lanes_HxW_P_S_B_R` (windows.py) adds those of a window of H x W taps (see `mcu.lanes_block`).
- `bytes_CxP_K_L_D` (pieces.py) adds those of columns of bytes (see `mcu.byte_block`).
- `wide_`, `requantize_` and `copy_` (vectors.py) are those of cores with vectors.
- `groups_G_Q_A_S_R_M_N_D` and `groups32_` (groups.py) do both for all groups of channels at two pixels.
- `gather_R_A_W_P` (gather.py) makes columns of bytes.
- `held_N` (held.py) copies words that begin at a word.
- `planes_..` and `planes32_` (planes.py) do all that `plane_` does for a row of the output, from begin to end.
- `finish_P_A_S_R_N_D` (finish.py) makes the sums of four channels results.
- `direct_B_CxP_R_T_S` adds those of bytes where they lie (direct.py).
- `sparse_24_E` sums the entries of a row of weights under a layout (sparse.py).
- `clipped_24_C_E_T_P_S_Z` sums windows that are cut (clipped.py).
- `lanes8_` is `lanes_` with weights of bytes.
- `plane_O_S_A_B_C` (windows.py) adds those of a window of 3 x 3 taps at O outputs (1 to 6), S apart, of rows that begin
  at the bytes A, B and C (see `mcu.plane_block`).

Operands are registers that the compiler chooses: sums, words of weights and of the data, and pointers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .. import clipped, direct, sparse
from .dot import QUADS, TURNS, dot_block, dot_instructions, macro_name, quad_macros
from .finish import finish_block, finish_instructions
from .gather import gather_block, gather_instructions
from .groups import groups_block, groups_instructions, macros_of
from .held import held_block, held_instructions
from .pieces import bytes_block, bytes_instructions
from .planes import planes_block, planes_instructions
from .vectors import (
    copy_block,
    copy_instructions,
    requantize_block,
    requantize_instructions,
    wide_block,
    wide_instructions,
)
from .windows import lanes_block, lanes_instructions, plane_block, plane_instructions

PLANES = (
    "load_word",
    "dual_multiply_add",
    "multiply_add_low_high",
    "multiply_add_high_low",
    "multiply_high_add",
    "saturate",
)

NEEDED = {
    "dot": ("load_word", "dual_multiply_add"),
    "dotn": ("load_word", "dual_multiply_add"),
    "dot8": ("load_word", "unpack_bytes", "dual_multiply_add"),
    "dot8n": ("load_word", "unpack_bytes", "dual_multiply_add"),
    "pairs": ("load_word", "unpack_bytes", "dual_multiply_add"),
    "pairsn": ("load_word", "unpack_bytes", "dual_multiply_add"),
    "plane": ("load_word", "dual_multiply_add", "multiply_add_low_high", "multiply_add_high_low"),
    "bytes": ("multiply_add_low",),
    "lanes8": ("load_word", "unpack_bytes", "multiply_add_low", "multiply_add_high"),
    "wide": ("multiply_add_low",),
    "requantize": ("multiply_high_add",),
    "copy": ("load_word",),
    "held": ("load_word",),
    "gather": ("load_word", "unpack_bytes"),
    "finish": ("load_word", "multiply_high_add", "saturate"),
    "planes": PLANES,
    "planes32": PLANES,
    "groups": ("load_word", "dual_multiply_add", "multiply_high_add", "saturate"),
    "groups32": ("load_word", "dual_multiply_add", "multiply_high_add", "saturate"),
    "direct": ("multiply_add", "multiply_add_24"),
    "sparse": ("multiply_add_24",),
    "clipped": ("multiply_add_24", "multiply_add_unsigned_24"),
    "lanes": ("load_word", "unpack_bytes", "multiply_add_low", "multiply_add_high"),
}
"""The operations that the C of a block calls, by the first part of its name."""

GROUPS = frozenset({"groups", "groups32"})
"""The kinds of blocks of all groups."""

NAMES = {
    "dot": r"dot_4x([12])_(\d+)",
    "dotn": r"dotn_4x([12])_(\d+)",
    "dot8": r"dot8_4x([12])_(\d+)",
    "dot8n": r"dot8n_4x([12])_(\d+)",
    "pairs": r"pairs_4x([12])_(\d+)",
    "pairsn": r"pairsn_4x([12])_(\d+)",
    "bytes": r"bytes_([1-4])x([12])_(\d+)_(\d+)_(\d+)",
    "lanes": r"lanes_(\d+)x(\d+)_([12])_(\d+)_(\d+)_(\d+)",
    "wide": r"wide_(\d+)x(\d+)_([12])_(\d+)_(\d+)_(\d+)",
    "requantize": r"requantize_([12348])_(\d+)_(\d+)_(n?\d+)_(n?\d+)_(n?\d+)",
    "copy": r"copy_(\d+)",
    "gather": r"gather_(\d+)_(\d+)_(\d+)_(\d+)",
    "held": r"held_(\d+)",
    "finish": r"finish_([12])_(\d+)_(\d+)_(\d+)_(\d+)_(n?\d+)",
    "planes": r"planes" + r"_(\d+)" * 13 + r"_(n?\d+)",
    "planes32": r"planes32" + r"_(\d+)" * 13 + r"_(n?\d+)",
    "groups": r"groups_(\d+)_(\d+)_(\d+)_(\d+)_(\d+)_(\d+)_(\d+)_(n?\d+)",
    "groups32": r"groups32_(\d+)_(\d+)_(\d+)_(\d+)_(\d+)_(\d+)_(\d+)_(n?\d+)",
    "lanes8": r"lanes8_(\d+)x(\d+)_([12])_(\d+)_(\d+)_(\d+)",
    "plane": r"plane_([1-6])_([12])_(\d+)_(\d+)_(\d+)",
}
"""The names of blocks, by their kind, and the numbers in them."""


def parse(name: str) -> tuple[str, list[int]]:
    """The kind of a block and its numbers. Raises KeyError for any other name."""
    kind = name.partition("_")[0]
    found = re.fullmatch(NAMES[kind], name)
    if found is None:
        raise KeyError(name)
    return kind, [int(number.replace("n", "-")) for number in found.groups()]


def block_lines(name: str, asm: bool = True) -> list[str]:
    """The definition of a block, by its name. Raises KeyError for any other name."""
    if (window := direct.Window.of(name)) is not None:
        return direct.block_lines(window, name, asm)
    if re.fullmatch(sparse.PATTERN, name):
        return sparse.block_lines(name, asm)
    if (cut := clipped.Clipped.of(name)) is not None:
        return clipped.block_lines(cut, name, asm)
    match parse(name):
        case ("lanes" | "lanes8" as kind, numbers):
            return lanes_block(name, numbers, kind == "lanes8", asm)
        case ("bytes", numbers):
            return bytes_block(name, numbers, asm)
        case ("wide", numbers):
            return wide_block(name, numbers, asm)
        case ("requantize", numbers):
            return requantize_block(name, numbers, asm)
        case ("copy", numbers):
            return copy_block(name, numbers, asm)
        case ("finish", numbers):
            return finish_block(name, numbers, asm)
        case ("planes" | "planes32" as kind, numbers):
            return planes_block(name, kind, numbers, asm)
        case ("gather", numbers):
            return gather_block(name, numbers, asm)
        case ("held", [words]):
            return held_block(name, words, asm)
        case ("groups" | "groups32" as kind, numbers):
            return groups_block(name, kind, numbers, asm)
        case ("plane", numbers):
            return plane_block(name, numbers, asm)
        case (kind, numbers):
            return dot_block(name, kind, *numbers, asm=asm)


def instructions(name: str) -> int:
    """How many instructions a block's assembly has, by its name. Raises KeyError for any other name."""
    if (window := direct.Window.of(name)) is not None:
        return sum(not line.endswith(":") for line in direct.instructions(window)) if window.bits == 24 else 0
    if re.fullmatch(sparse.PATTERN, name):
        return len(sparse.instructions(name))
    if (cut := clipped.Clipped.of(name)) is not None:
        return len(clipped.instructions(cut))
    match parse(name):
        case ("lanes" | "lanes8" as kind, numbers):
            return lanes_instructions(numbers, kind == "lanes8")
        case ("bytes", numbers):
            return bytes_instructions(numbers)
        case ("wide", numbers):
            return wide_instructions(numbers)
        case ("requantize", numbers):
            return requantize_instructions(numbers)
        case ("copy", numbers):
            return copy_instructions(numbers)
        case ("finish", numbers):
            return finish_instructions(numbers)
        case ("planes" | "planes32" as kind, numbers):
            return planes_instructions(kind, numbers)
        case ("gather", numbers):
            return gather_instructions(numbers)
        case ("held", [words]):
            return held_instructions(words)
        case ("groups" | "groups32" as kind, numbers):
            return groups_instructions(kind, numbers)
        case ("plane", numbers):
            return plane_instructions(numbers)
        case (kind, numbers):
            return dot_instructions(kind, *numbers)


def macros(names: Iterable[str]) -> list[tuple[str, list[str]]]:
    """The macros that blocks share: their names, and the lines that define them."""
    kinds = {name.partition("_")[0] for name in names}
    of_quads = [name for name in names if name.partition("_")[0].removesuffix(TURNS) in QUADS]
    found = {(parse(name)[0].removesuffix(TURNS), parse(name)[1][0]) for name in of_quads}
    made = {macro_name(kind, pixels): quad_macros(kind, pixels) for kind, pixels in sorted(found)}
    return [*{**made, **dict(macros_of(kind) for kind in sorted(kinds & GROUPS))}.items()]
