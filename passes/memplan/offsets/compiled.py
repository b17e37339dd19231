"""Kernels that numba compiles where they run long; until then the same code is interpreted, with the same results.

A kernel module holds plain functions over rows of numbers. Interpreted, rows are lists, which Python reads faster than
arrays; compiled, they are arrays. numba is loaded when the first kernel is worth it: small models never load it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

INTERPRETED = 3000
"""Steps of a kernel after which it pays to load the compiled one."""


def worthwhile(steps: int) -> bool:
    """True where so many steps had better be compiled: a process that has loaded numba once stays with it."""
    return (steps >= INTERPRETED or loads.cache_info().currsize > 0) and loads()


@cache
def loads() -> bool:
    """True where numba can be loaded; where its installation is broken, a line on standard error says so."""
    try:
        import_module("numba")
    except ImportError as error:
        note(f"note: numba does not load ({error}): the memory planner's search is interpreted, far slower")
        return False
    return True


def note(line: str) -> None:
    """A line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


@cache
def compiled(name: str, entry: str) -> Callable[..., Any]:
    """A function of a kernel module, to be called with arrays; its first call loads machine code, or makes it."""
    made: list[Callable[..., Any]] = []

    def call(*arguments: Any) -> Any:
        if not made:
            made.append(machine_code(name, entry, arguments))
        return made[0](*arguments)

    return call


def machine_code(name: str, entry: str, arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """The compiled function for arguments of these types.

    Machine code is kept beside the module, or in the user's cache, for the next run. Where neither can be written or
    what is there cannot be read, it is made again.
    """
    from numba import typeof
    from numba.core.event import install_listener

    signature = tuple(map(typeof, arguments))
    with install_listener("numba:compile", announcement(name)):
        try:
            function = just_in_time(name, entry, True)
            function.compile(signature)
        except Exception:  # numba raises whatever the file system and the unpickling raise
            function = just_in_time(name, entry, False)
            function.compile(signature)
    return function


def just_in_time(name: str, entry: str, kept: bool) -> Any:
    """The function of a kernel module as a dispatcher of numba's, together with those that it calls.

    Only the entry is given wrappers to be called from outside, which saves a third of the time that compiling takes.
    """
    from numba import njit

    namespace = dict(vars(import_module(name)))
    functions = {
        key: value for key, value in namespace.items() if isinstance(value, FunctionType) and value.__module__ == name
    }
    for key, function in {**functions, **namespace["WHEN_COMPILED"]}.items():
        flags: dict[str, Any] = {"no_cfunc_wrapper": True, "no_cpython_wrapper": key != entry}
        namespace[key] = njit(cache=kept, **flags)(FunctionType(function.__code__, namespace, function.__name__))
    return namespace[entry]


def announcement(name: str) -> Any:
    """A listener that says, once, that a kernel module is compiled; where machine code is loaded it says nothing."""
    from numba.core.event import Event, Listener

    kernel = name.rpartition(".")[2].removesuffix("_kernel")
    lines = [f"compiling the memory planner's {kernel}, once on this computer: some ten seconds ..."]

    class Announcement(Listener):
        def on_start(self, event: Event) -> None:
            if lines:
                note(lines.pop())

        def on_end(self, event: Event) -> None:
            pass

    return Announcement()


def rows(values: Any, fast: bool) -> Any:
    """A named tuple of rows of numbers: arrays for compiled kernels, else lists. What is so already is not copied."""
    return type(values)(*map(array if fast else numbers, values))


def array(row: Any) -> Any:
    """A row as an array; an empty list as one of integers."""
    return row if isinstance(row, np.ndarray) else np.array(row, None if row else np.int64)


def numbers(row: Any) -> Any:
    """A row as a list."""
    return row.tolist() if isinstance(row, np.ndarray) else row
