"""Why a model cannot be taken: every reason at once, those of many nodes in one line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from xdsl.utils.exceptions import VerifyException

from ...dialects.harmless import in_terminal
from ...dialects.onnx.budget import TooLarge, Unlimited
from .node import Unsupported

REFUSALS = (
    *(Unsupported, TooLarge, Unlimited, VerifyException),
    *(KeyError, IndexError, ValueError, TypeError, OverflowError),
)
"""What a translation raises for a node that says nonsense."""

RAISE_LIMIT = "--max-elements N allows more"
"""What to do about a model that exceeds the budget."""

SHOWN = 3
"""Names of nodes in a line."""


@dataclass
class Group:
    """Nodes of one operator that are refused for one reason; `reason` is the first one's."""

    operator: str
    reason: str
    names: list[str] = field(default_factory=list[str])

    def line(self) -> str:
        """The operator, the reason, how many nodes and the names of the first."""
        if len(self.names) == 1:
            return f"{self.operator} '{self.names[0]}': {self.reason}"
        more = ", ..." if len(self.names) > SHOWN else ""
        return f"{self.operator}: {self.reason}, {len(self.names)} nodes: {', '.join(self.names[:SHOWN])}{more}"


class Refusals:
    """Reasons in the order in which they are found; those of nodes come after the others."""

    def __init__(self) -> None:
        self.others: list[str] = []
        self._groups: dict[tuple[str, str], Group] = {}

    def add(self, *reasons: str) -> None:
        """Reasons that are not about a node."""
        self.others += reasons

    def add_node(self, operator: str, name: str, reason: str) -> None:
        """A reason against a node; those that differ in numbers only (sizes, axes) are the same one."""
        operator = in_terminal(operator)
        key = operator, re.sub(r"\d+", "#", reason)
        self._groups.setdefault(key, Group(operator, reason)).names.append(name)

    def lines(self) -> list[str]:
        """A line per reason, and before them one that says how many operators stand between the model and its C."""
        operators = list(dict.fromkeys(group.operator for group in self._groups.values()))
        lines = [*self.others, *(group.line() for group in self._groups.values())]
        if not operators:
            return lines
        stand = "operator stands" if len(operators) == 1 else "operators stand"
        return [f"{len(operators)} {stand} between the model and its C: {', '.join(operators)}", *lines]

    def first(self) -> str:
        """The first line about a node, else the first one of all; empty where there is none."""
        return next((group.line() for group in self._groups.values()), next(iter(self.others), ""))


def reason_of(error: Exception) -> str:
    """What is wrong with a node or tensor, in words."""
    if isinstance(error, TooLarge):
        return f"{error}; {RAISE_LIMIT}"
    return f"attribute {error} is missing" if isinstance(error, KeyError) else str(error)
