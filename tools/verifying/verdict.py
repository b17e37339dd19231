"""Both verdicts on a compilation, exact and close, what they rest on, and the same as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...dialects.harmless import in_json
from .distance import Distance
from .levels import LevelResult, Levels
from .node_table import NodeRow, worst_first
from .node_wise import NodeExactness


@dataclass(frozen=True)
class Verification:
    """Both verdicts and what they rest on; `nodes` in the order of execution, `exactness` of quantized models only.

    `values` are the outputs in real units by name, (rows, *shape in the model).
    """

    rows: int
    compared: Levels
    reference: str
    values: dict[str, NDArray[Any]]
    outputs: dict[str, Distance]
    nodes: list[NodeRow]
    exactness: list[NodeExactness]
    not_close: list[str]
    float_error: float
    float_range: float

    @property
    def levels(self) -> tuple[LevelResult, ...]:
        """How each level that ran compares with `fixed`."""
        return self.compared.results

    @property
    def not_run(self) -> tuple[str, ...]:
        """Why other levels did not run."""
        return self.compared.not_run

    @property
    def equal(self) -> bool:
        """True when every level that ran gave the integers of `fixed`."""
        return self.compared.equal

    @property
    def exact(self) -> bool:
        """True when compiled code ran and every level gave the integers of `fixed`."""
        return not self.compared.reasons()

    @property
    def close(self) -> bool:
        """True when every output is close to the reference."""
        return not self.not_close

    def reasons(self) -> list[str]:
        """What is wrong, a line each."""
        return [f"not exact: {r}" for r in self.compared.reasons()] + [f"not close: {r}" for r in self.not_close]

    def to_json(self) -> dict[str, Any]:
        """As plain data; a number that is not finite is None."""
        return {
            "exact": self.exact,
            "close": self.close,
            "reference": self.reference,
            "reasons": self.reasons(),
            "rows": self.rows,
            "outputs": [
                {"name": in_json(n), "snr_db": d.snr_db, "max_steps": d.greatest, "share_over_2": d.share_over_2}
                for n, d in self.outputs.items()
            ],
            "nodes": [row.to_json() for row in worst_first(self.nodes)],
            "node_wise": node_wise_json(self.exactness) if self.exactness else None,
            "levels": [asdict(level) for level in self.levels],
            "not_run": self.not_run,
            "equal": self.equal,
            "float_error": finite(self.float_error),
            "float_range": finite(self.float_range),
        }


def finite(number: float) -> float | None:
    """A number for JSON, which knows neither NaN nor infinity."""
    return number if np.isfinite(number) else None


def node_wise_json(exactness: Sequence[NodeExactness]) -> dict[str, Any]:
    """How the nodes of a quantized model compare with exact ones; only those are named that are not all equal."""
    return {
        "integers": sum(n.values for n in exactness),
        "ties": sum(n.ties for n in exactness),
        "unequal": sum(n.unequal for n in exactness),
        "nodes": [
            {"name": in_json(n.node.name), "ties": n.ties, "unequal": n.unequal, "steps_beyond_rounding": n.worst}
            for n in exactness
            if n.ties or n.unequal
        ],
    }
