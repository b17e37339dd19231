"""Names of nodes in a module: short, readable, each unlike all others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...dialects.harmless import shortened
from ...dialects.names import identifier

if TYPE_CHECKING:
    import onnx

NODE_LIMIT = 40
"""Characters of a node's name: the names of functions and arrays are made of it."""


class Names:
    """The names given so far."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """A short, readable name, unlike all before it: the last part of a path."""
        parts = [p for p in re.split(r"[/;:]", name) if p and not p.isdigit()]
        base = shortened(identifier(parts[-1] if parts else name, "node"), NODE_LIMIT, "_")
        candidate, number = base, self._given.get(base, 0) + 1
        while candidate in self._given:
            candidate, number = f"{base}_{number}", number + 1
        self._given[base] = number
        self._given.setdefault(candidate, 1)
        return candidate


def node_name(node: onnx.NodeProto) -> str:
    """The node's name, or that of its output; its operator where a converter joined the names of all that it fused."""
    name = node.name or (node.output[0] if node.output else "")
    return node.op_type if not name or ";" in name else name


def repeated(names: Sequence[str]) -> list[str]:
    """What stands in a list more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)
