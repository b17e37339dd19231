"""Readable names for the loops of a form, from how its dimensions are used: `oh ow oc kh kw ic`, not `d0 .. d5`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...dialects.access import Linear, linear_map
from ...dialects.fixed.forms import ContractOp
from ...dialects.fixed.structured import StructuredForm

WINDOWS = {1: "w", 2: "hw", 3: "dhw"}
"""The letters of the spatial axes of a form with so many windows."""


def dimension_names(form: StructuredForm) -> tuple[str, ...]:
    """A distinct name per dimension of the domain, a valid C identifier.

    A parallel and a reduction dimension that meet in one index are a window (`oh` and `kh`). Others are named by their
    operands: `oc` weights only, `n` data only, `ch` both, `ic` a reduction; `i` in a map, `r` in a reduce.
    """
    parallel = len(form.domain.parallel.data)
    maps = [linear_map(access) for access in form.in_maps]
    names: dict[int, str] = {}
    windows = [pair for index in (maps[0] if maps else ()) if (pair := window(index, parallel)) is not None]
    for letter, (outer, inner) in zip(WINDOWS.get(len(windows), ()), windows, strict=False):
        names[outer], names[inner] = f"o{letter}", f"k{letter}"
    for dim in range(len(form.sizes)):
        names.setdefault(dim, role(form, maps, dim, parallel))
    return distinct([names[dim] if size > 1 else "unit" for dim, size in enumerate(form.sizes)])


def window(index: Linear, parallel: int) -> tuple[int, int] | None:
    """The parallel and the reduction dimension that slide a window over this index, where there is one of each."""
    used = [dim for dim, coefficient in enumerate(index.coefficients) if coefficient]
    if len(used) == 2 and used[0] < parallel <= used[1]:
        return used[0], used[1]
    return None


def role(form: StructuredForm, maps: Sequence[Sequence[Linear]], dim: int, parallel: int) -> str:
    """The name of a dimension that is no window's."""
    if not isinstance(form, ContractOp):
        return "r" if dim >= parallel else "ch" if form.domain.reduction.data else "i"
    if dim >= parallel:
        return "ic"
    data, weights = (any(index.coefficients[dim] for index in indices) for indices in maps)
    return "ch" if data and weights else "oc" if weights else "n"


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Number the names that occur more than once, from 0."""
    count, seen = Counter(names), Counter[str]()
    result: list[str] = []
    for name in names:
        result.append(f"{name}{seen[name]}" if count[name] > 1 else name)
        seen[name] += 1
    return tuple(result)
