"""FPGAs as data: the resources of a part, beside the boards of microcontrollers (`kind = "fpga"` in their file)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FAMILIES = ("xc7", "ecp5")

KIND = "fpga"
"""What the file of such a board says it is."""


@dataclass(frozen=True)
class Fpga:
    """A part: how many look-up tables, flip-flops, multipliers and block RAMs of 36 Kbit it has, and the target clock.

    A multiplier (`dsps`) takes signed operands of `multiplier_bits` and `multiplier_wide_bits`. `device` and `package`
    are what place and route is told, where open tools do that, `vitis_part` is what Vitis HLS calls the part.
    """

    part: str
    family: str
    luts: int
    ffs: int
    dsps: int
    bram36: float
    clock_hz: int
    multiplier_bits: int = 18
    multiplier_wide_bits: int = 18
    device: str = ""
    package: str = ""
    vitis_part: str = ""


FPGA_FIELDS: Mapping[str, type] = {
    "part": str,
    "family": str,
    "luts": int,
    "ffs": int,
    "dsps": int,
    "bram36": int,
    "clock_hz": int,
}
OPTIONAL_FPGA_FIELDS: Mapping[str, type] = {
    "multiplier_bits": int,
    "multiplier_wide_bits": int,
    "device": str,
    "package": str,
    "vitis_part": str,
}

BRAM36_BYTES = 4608
"""The bytes of a block RAM of 36 Kbit."""
