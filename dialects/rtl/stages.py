"""What may lie between two registers: families of FPGAs say it, pipelines keep to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stages:
    """`levels` of logic at most, of which a word straight from a memory takes `read`.

    Memories have `word_registers` behind a word that cost nothing, multipliers `far_registers` before and behind the
    registers of their own, for wires across the part, ports of memories `port_registers` before addresses and what is
    written. Memories with more words than a row of block RAMs of `bank_bits` bits are banks, of which one is chosen
    behind a register; with 0 tools put rows together.
    """

    levels: float = 4.0
    read: float = 2.0
    word_registers: int = 0
    far_registers: int = 0
    port_registers: int = 0
    bank_bits: int = 0
