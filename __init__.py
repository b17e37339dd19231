"""tinyml-opt: a compiler from trained neural networks to integer-only C and HLS C++.

    model = tinyml_opt.load("model.onnx")
    program = model.compile("nano33ble", calibration="calib.npz")
    program.write("build/model")

Nothing of the compiler is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .dialects.errors import UserError as UserError
    from .tools.analyze import Analysis as Analysis
    from .tools.api.exploration import Exploration as Exploration
    from .tools.api.exploration import explore as explore
    from .tools.api.fit import Fit as Fit
    from .tools.api.fit import can_fit as can_fit
    from .tools.api.model import Model as Model
    from .tools.api.model import load as load
    from .tools.api.planning import MemoryPlan as MemoryPlan
    from .tools.api.planning import plan as plan
    from .tools.api.program import Program as Program
    from .tools.simulate import Simulation as Simulation
    from .tools.verifying.verdict import Verification as Verification

EXPORTS = {
    "Analysis": "tools.analyze",
    "Exploration": "tools.api.exploration",
    "Fit": "tools.api.fit",
    "MemoryPlan": "tools.api.planning",
    "Model": "tools.api.model",
    "Program": "tools.api.program",
    "Simulation": "tools.simulate",
    "UserError": "dialects.errors",
    "Verification": "tools.verifying.verdict",
    "can_fit": "tools.api.fit",
    "explore": "tools.api.exploration",
    "load": "tools.api.model",
    "plan": "tools.api.planning",
}
"""The Python interface, and the module of each name."""

__all__ = [*EXPORTS, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Import what is named, once."""
    if name not in EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *EXPORTS})
