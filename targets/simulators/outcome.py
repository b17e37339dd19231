"""What running a firmware on a simulator gives, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ...dialects.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """Output rows as raw bytes, port after port; per row cycles or instructions; the deepest stack in bytes.

    `profile` is what ran in each function of the model, with what it called outside of it, in all rows: cycles, or
    instructions by class (classes.py).
    """

    outputs: bytes
    stack_bytes: int
    cycles: NDArray[Any] | None = None
    instructions: NDArray[Any] | None = None
    profile: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])


class FirmwareFault(UserError):
    """The firmware crashed or did not return."""


class StackOverflow(FirmwareFault):
    """The stack did not fit into the RAM that static data leaves."""


def fault(name: str, board: str, message: str) -> FirmwareFault:
    """The error for what a simulator said."""
    if "stack overflow" in message:
        advice = "the board has too little RAM for the model and its stack: choose a larger board or a smaller model"
        return StackOverflow(f"{name} on board '{board}': {message.strip()}; {advice}")
    return FirmwareFault(f"{name} on board '{board}': {message.strip()}")
