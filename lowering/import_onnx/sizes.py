"""The shapes of a model's inputs: symbolic dimensions get the sizes that the user gives, and a batch is one row.

Exporters write a symbolic dimension as a name (`N`, `unk__68`), as `?`, an empty name, -1 or 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING

from ...dialects.harmless import in_quotes, in_terminal

if TYPE_CHECKING:
    import onnx

UNNAMED = ("", "?")
"""Names of dimensions that say nothing: two of them may have different sizes."""

IMAGE_RANK = 4
"""Dimensions of an input of which the first is a batch for certain: rows, channels, height, width."""


@dataclass(frozen=True)
class Sizes:
    """What the user says of inputs: whole `shapes` by name, sizes of `dims` by their names, and the rows of a `batch`.

    A `batch` takes the place of the first dimension of every input with two or more, whatever the model says of it.
    """

    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    dims: Mapping[str, int] = field(default_factory=dict[str, int])
    batch: int | None = None


class InputShapes:
    """Finds the shapes of all inputs of a model together: a name has one size wherever it stands."""

    def __init__(self, inputs: Iterable[onnx.ValueInfoProto], sizes: Sizes):
        self.stated = {info.name: stated(info) for info in inputs if info.type.tensor_type.HasField("shape")}
        self.sizes = sizes
        self.remarks: list[str] = []
        self.reasons = self.unknown_names()
        self._named = dict(sizes.dims)
        for name, shape in sizes.shapes.items():
            self.bind(self.stated.get(name, []), shape)
        for name, dims in self.stated.items():
            self.bind(dims[:1], self.first(name, dims))

    def unknown_names(self) -> list[str]:
        """What the user gave a size that the model does not have."""
        names = {d for dims in self.stated.values() for d in dims if isinstance(d, str) and d not in UNNAMED}
        has = f"it has {', '.join(in_quotes(n) for n in sorted(names))}" if names else "all its sizes are fixed"
        inputs = f"it has {', '.join(map(in_quotes, sorted(self.stated)))}"
        return [
            *(
                f"input {in_quotes(n)}: the model has no such input, but its shape is given; {inputs}"
                for n in self.sizes.shapes
                if n not in self.stated
            ),
            *(
                f"dimension {in_quotes(n)}: no input of the model has one of that name; {has}"
                for n in self.sizes.dims
                if n not in names
            ),
        ]

    def bind(self, dims: Sequence[int | str], sizes: Sequence[int]) -> None:
        """Names keep the first size that they get."""
        for dim, size in zip(dims, sizes, strict=False):
            if isinstance(dim, str) and dim not in UNNAMED:
                self._named.setdefault(dim, size)

    def first(self, name: str, dims: Sequence[int | str]) -> list[int]:
        """The first dimension of an input where it is a batch that is decided here."""
        if not dims or name in self.sizes.shapes:
            return []
        if isinstance(dims[0], int):
            if self.sizes.batch is None and len(dims) == IMAGE_RANK and dims[0] > 1:
                self.remarks.append(
                    f"input {in_quotes(name)}: the model takes {dims[0]} rows at once; --batch 1 makes it take one"
                )
            return [self.sizes.batch] if self.sizes.batch is not None and len(dims) > 1 else []
        if dims[0] in self._named:
            return [self._named[dims[0]]]
        if self.sizes.batch is None:
            self.remarks.append(
                f"input {in_quotes(name)}: the batch, the first dimension of {shown(dims)}, is taken as 1"
            )
        return [1 if self.sizes.batch is None else self.sizes.batch]

    def shape(self, info: onnx.ValueInfoProto) -> tuple[int, ...] | None:
        """The shape of an input, or None with a reason."""
        name, where = info.name, f"input {in_quotes(info.name)}"
        if not info.type.tensor_type.HasField("shape"):
            self.reasons.append(f"{where}: the model does not state its shape; state it when exporting")
            return None
        dims = stated(info)
        if name in self.sizes.shapes:
            shape = tuple(self.sizes.shapes[name])
            if not fits(shape, dims):
                self.reasons.append(f"{where}: the given shape {list(shape)} does not fit the model's {shown(dims)}")
                return None
            return shape
        known = [d if isinstance(d, int) else self._named.get(d, d) for d in dims]
        known[:1] = self.first_again(name, dims) or known[:1]
        if any(isinstance(d, str) for d in known):
            self.reasons.append(f"{where}: the shape {shown(dims)} is dynamic; {advice(name, known)}")
            return None
        return tuple(int(d) for d in known)

    def first_again(self, name: str, dims: Sequence[int | str]) -> list[int]:
        """The first dimension, without another remark."""
        remarks = list(self.remarks)
        first = self.first(name, dims)
        self.remarks = remarks
        return first


def stated(info: onnx.ValueInfoProto) -> list[int | str]:
    """The dimensions of an input: sizes, and names of those without."""
    dims = info.type.tensor_type.shape.dim
    return [d.dim_value if d.dim_value > 0 else d.dim_param or "?" for d in dims]


def shown(dims: Sequence[int | str]) -> str:
    """Dimensions in a message."""
    return in_terminal(f"[{','.join(map(str, dims))}]")


def advice(name: str, dims: Sequence[int | str]) -> str:
    """The option that gives an input's open dimensions the size 1."""
    names = list(dict.fromkeys(d for d in dims if isinstance(d, str)))
    if any(n in UNNAMED for n in names):
        shape = "x".join("1" if isinstance(d, str) else str(d) for d in dims)
        options = f"--shape {quote(f'{name}={shape}')}"
    else:
        options = " ".join(f"--dim {quote(f'{n}=1')}" for n in names)
    return f"add `{options}`, with the size that you need in place of 1"


def fits(shape: Sequence[int], dims: Sequence[int | str]) -> bool:
    """Whether a shape has positive sizes, and those that the model states."""
    return len(shape) == len(dims) and all(
        n > 0 and (n == d or isinstance(d, str)) for n, d in zip(shape, dims, strict=True)
    )
