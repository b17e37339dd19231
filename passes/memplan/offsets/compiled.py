"""Kernels compiled with numba where it is installed (`pip install tinyml-opt[fast]`), else interpreted: same results.

A kernel module holds plain functions over rows of numbers. Interpreted, rows are lists, which Python reads faster than
arrays; compiled, they are arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import FunctionType
from typing import Any

import numpy as np


def available() -> bool:
    """True where kernels can be compiled."""
    return find_spec("numba") is not None


INTERPRETED = 3000
"""Steps of a kernel after which it pays to load the compiled one."""


@cache
def compiled(name: str, entry: str) -> Callable[..., Any]:
    """A function of a kernel module, compiled with those that it calls. Raises ImportError without numba.

    Only the entry is given wrappers to be called from outside, which saves a third of the time that compiling takes:
    some fifteen seconds. Machine code is kept beside the module, or in the user's cache, for the next run.
    """
    from numba import njit  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

    namespace = dict(vars(import_module(name)))
    functions = {
        key: value for key, value in namespace.items() if isinstance(value, FunctionType) and value.__module__ == name
    }
    for key, function in {**functions, **namespace["WHEN_COMPILED"]}.items():
        flags: dict[str, Any] = {"no_cfunc_wrapper": True, "no_cpython_wrapper": key != entry}
        namespace[key] = njit(cache=True, **flags)(FunctionType(function.__code__, namespace, function.__name__))
    return namespace[entry]


def worthwhile(steps: int) -> bool:
    """True where so many steps had better be compiled: a process that has loaded numba once stays with it."""
    return available() and (steps >= INTERPRETED or compiled.cache_info().currsize > 0)


def rows(values: Any, fast: bool) -> Any:
    """A named tuple of rows of numbers: arrays for compiled kernels, else lists. What is so already is not copied."""
    return type(values)(*map(array if fast else numbers, values))


def array(row: Any) -> Any:
    """A row as an array; an empty list as one of integers."""
    return row if isinstance(row, np.ndarray) else np.array(row, None if row else np.int64)


def numbers(row: Any) -> Any:
    """A row as a list."""
    return row.tolist() if isinstance(row, np.ndarray) else row
