"""The features of a program, and their price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import ModuleOp

from ...dialects import emitc
from ..core import Core
from .walk import Walk

ROUTINES, CALLED = ("multiply_", "divide_", "shift_64"), "_called"
"""What begins or ends so may be a routine: that a program has it is a feature of its own."""


def code_bytes(module: ModuleOp, core: Core, counts: Sequence[int] = ()) -> int:
    """The bytes of flash that a module in emitc takes beside its constants, library routines included; an estimate.

    With `counts`, each static function stands for so many of its kind, which are called like it.
    """
    return round(priced(code_features(module, counts), core.code_bytes))


def function_bytes(function: emitc.FuncOp, core: Core) -> int:
    """The bytes of flash that one function of a module takes, without library routines; an estimate."""
    return round(priced(function_features(function), core.code_bytes))


def priced(features: Counter[str], prices: Mapping[str, float]) -> float:
    """The bytes of features; what has no price is free."""
    return sum(prices.get(feature, 0.0) * count for feature, count in features.items())


def code_features(module: ModuleOp, counts: Sequence[int] = ()) -> Counter[str]:
    """How often the functions of a module, or those that they stand for, have each feature."""
    functions = functions_of(module)
    shares = [*counts, sum(counts) / len(counts)] if counts else [1] * len(functions)
    found: Counter[str] = Counter()
    for function, share in zip(functions, shares, strict=True):
        for feature, count in function_features(function).items():
            found[feature] += round(share * count)
    found.update(library(found))
    return found


def library(features: Counter[str]) -> dict[str, int]:
    """The routines that functions with these features may call: each is there once."""
    return {f"library_{name}": 1 for name, count in features.items() if count and may_be_routine(name)}


def may_be_routine(name: str) -> bool:
    """Whether a feature may be a call of a function of the library, or of one that the program defines once."""
    return name.startswith(ROUTINES) or name.endswith(CALLED)


def functions_of(module: ModuleOp) -> list[emitc.FuncOp]:
    """The functions that take flash."""
    return [op for op in module.ops if isinstance(op, emitc.FuncOp)]


def function_features(function: emitc.FuncOp) -> Counter[str]:
    """How often a function has each feature."""
    return Walk().function(function)
