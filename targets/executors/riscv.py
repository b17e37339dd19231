"""The compiled model on a 32-bit RISC-V, with exact instruction counts."""

from __future__ import annotations

from .cortex_m import CortexMExecutor


class RiscVExecutor(CortexMExecutor):
    """`RiscVExecutor(model, board)`: riscv64-unknown-elf-gcc and QEMU; all rows may take `seconds`."""

    level = "rv32"
