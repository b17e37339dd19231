"""Random small plans, right and wrong: chains of forms in a plan's text, run point by point on bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import DiagnosticException

from tinyml_opt.passes.memplan.check import CheckPass
from tinyml_opt.targets.executors.memplan import POISON

ARENA = 48


@dataclass(frozen=True)
class Tensor:
    """A matrix of signed integers of some bytes each."""

    name: str
    rows: int
    columns: int
    width: int = 1

    @property
    def row_bytes(self) -> int:
        return self.columns * self.width

    @property
    def type(self) -> str:
        return f"memref<{self.rows}x{self.columns}xi{8 * self.width}>"


@dataclass(frozen=True)
class Index:
    """`by_point * point + by_tap * tap + offset`."""

    by_point: int = 1
    by_tap: int = 0
    offset: int = 0

    def text(self, point: str, tap: str) -> str:
        return f"{self.by_point} * {point} + {self.by_tap} * {tap} + {self.offset}"


@dataclass(frozen=True)
class Form:
    """`out[i, j]` is the maximum over the taps (k, l) of all inputs at their row index of (i, k), column of (j, l).

    With `total` it is the maximum over all rows of the input instead, and `out` has one row.
    """

    ins: tuple[Tensor, ...]
    indices: tuple[tuple[Index, Index], ...]
    taps: tuple[int, int]
    out: Tensor
    total: bool = False

    @property
    def slices(self) -> int:
        return self.ins[0].rows if self.total else self.out.rows

    def points(self, value: int | None) -> Iterator[tuple[int, int]]:
        """Rows and columns of the output in the order in which they are computed."""
        rows = range(self.out.rows) if value is None or self.total else [value]
        return product(rows, range(self.out.columns))

    def reads(self, i: int, j: int, value: int | None) -> Iterator[tuple[Tensor, int, int]]:
        """The elements that a point reads, padding left out."""
        if self.total:
            yield from ((self.ins[0], row, j) for row in (range(self.slices) if value is None else [value]))
            return
        for tensor, (row, column) in zip(self.ins, self.indices, strict=True):
            for k, l in product(*map(range, self.taps)):  # noqa: E741
                r = row.by_point * i + row.by_tap * k + row.offset
                c = column.by_point * j + column.by_tap * l + column.offset
                if 0 <= r < tensor.rows and 0 <= c < tensor.columns:
                    yield tensor, r, c

    def text(self, node: str) -> str:
        source = self.ins[0]
        i = f"i{8 * source.width}"
        names, types = ", ".join(f"%{t.name}" for t in self.ins), ", ".join(t.type for t in self.ins)
        head = f"ins({names} : {types}) outs(%{self.out.name} : {self.out.type})"
        if len(self.ins) > 1:
            maps = ["affine_map<(i, j) -> (i, j)>"] * 3
            body = f"^bb0(%e: {i}, %f: {i}):\n %m = arith.maxsi %e, %f : {i}\n fixed.yield %m : {i}"
            domain = f"<{self.out.rows}, {self.out.columns}>"
            return f'fixed.map {head} domain {domain} maps [{", ".join(maps)}] node "{node}" {{\n{body}\n}}'
        if self.total:
            domain = f"<1, {self.out.columns} | {self.slices}, 1>"
            maps = ["affine_map<(i, j, k, l) -> (k, j)>", "affine_map<(i, j, k, l) -> (i, j)>"]
        else:
            domain = f"<{self.out.rows}, {self.out.columns} | {self.taps[0]}, {self.taps[1]}>"
            ((row, column),) = self.indices
            maps = [f"affine_map<(i, j, k, l) -> ({row.text('i', 'k')}, {column.text('j', 'l')})>"]
            maps.append("affine_map<(i, j, k, l) -> (i, j)>")
        body = f"^bb0(%e: {i}):\n fixed.yield %e : {i}"
        if self.out.width != source.width:
            body = f"^bb0(%e: {i}):\n %w = fixed.extend %e : {i} -> i16\n fixed.yield %w : i16"
        tail = f'zero_point <0> acc {i} node "{node}" {{\n{body}\n}}'
        return f"fixed.reduce max {head} domain {domain} maps [{', '.join(maps)}] {tail}"


@dataclass(frozen=True)
class Layout:
    """Where a tensor lies: rows at these bytes of the arena, or all of it from the first on (a view)."""

    offsets: tuple[int, ...]
    is_view: bool

    def text(self, tensor: Tensor) -> str:
        where = f"memref<{ARENA}xi8> -> {tensor.type}"
        if self.is_view:
            return f"%{tensor.name} = memplan.view %arena at {self.offsets[0]} : {where}"
        rows = f"dense<{list(self.offsets)}> : tensor<{tensor.rows}xi32>"
        return f"%{tensor.name} = memplan.rows %arena at {rows} : {where}"


Order = Sequence[tuple[int, int]]
Places = dict[Tensor, Layout]


@dataclass(frozen=True)
class Program:
    """A chain from `x` to `y`; streamed where there is an order; tensors without a layout are buffers."""

    forms: tuple[Form, ...]
    order: Order
    places: Places

    @property
    def inner(self) -> list[Tensor]:
        return [form.out for form in self.forms[:-1]]

    def text(self) -> str:
        x, y = self.forms[0].ins[0], self.forms[-1].out
        lines = [f'%arena = memplan.arena size {ARENA} align 2 in "sram" : memref<{ARENA}xi8>']
        for tensor in self.inner:
            layout = self.places.get(tensor)
            buffer = f"%{tensor.name} = memplan.buffer : {tensor.type}"
            lines.append(buffer if layout is None else layout.text(tensor))
        forms = [form.text(f"n{number}") for number, form in enumerate(self.forms)]
        views = [tensor for tensor, layout in self.places.items() if layout.is_view]
        if self.order:
            along = ", ".join("2" if form.total else "0" for form in self.forms)
            order = f"dense<{list(map(list, self.order))}> : tensor<{len(self.order)}x2xi32>"
            lines += [f"memplan.stream along <{along}> order {order} {{", *forms, "}"]
            lines += [f"memplan.retire %{tensor.name} : {tensor.type}" for tensor in views]
        else:
            for number, form in enumerate(self.forms):
                lines.append(forms[number])
                later = [tensor for other in self.forms[number + 1 :] for tensor in other.ins]
                dying = [tensor for tensor in views if tensor in form.ins and tensor not in later]
                lines += [f"memplan.retire %{tensor.name} : {tensor.type}" for tensor in dying]
        ports = [f'[#fixed.port<"{t.name}", tensor<{t.type[7:]}, permutation <0, 1>>]' for t in (x, y)]
        return f"""func.func @net(%x: {x.type}, %y: {y.type}) attributes {{
            fixed.inputs = {ports[0]}, fixed.outputs = {ports[1]}}} {{{chr(10).join(lines)}
            func.return }}"""

    def run(self, image: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> bytes:
        """The bytes of `y` after a run point by point on memory full of poison."""
        x, y = self.forms[0].ins[0], self.forms[-1].out
        arena = bytearray([POISON] * ARENA)
        own = {t: bytearray([POISON] * (t.rows * t.row_bytes)) for t in (x, y, *self.inner)}
        own[x][:] = image.tobytes()

        def place(tensor: Tensor, row: int, column: int) -> tuple[bytearray, slice]:
            layout = self.places.get(tensor)
            base = row * tensor.row_bytes
            if layout is not None:
                base = layout.offsets[0] + base if layout.is_view else layout.offsets[row]
            start = base + column * tensor.width
            return (own[tensor] if layout is None else arena), slice(start, start + tensor.width)

        whole: list[tuple[int, int | None]] = [(number, None) for number in range(len(self.forms))]
        for number, value in self.order or whole:
            form = self.forms[number]
            for i, j in form.points(value):
                target, at = place(form.out, i, j)
                least = -(1 << (8 * form.ins[0].width - 1))
                result = int.from_bytes(target[at], "little", signed=True) if form.total and value else least
                for tensor, row, column in form.reads(i, j, value):
                    source, element = place(tensor, row, column)
                    result = max(result, int.from_bytes(source[element], "little", signed=True))
                target[at] = result.to_bytes(form.out.width, "little", signed=True)
        return bytes(own[y])


def random_forms(random: Random) -> tuple[Form, ...]:
    """Windows with strides, dilations, flips and padding, residual maxima, a wider type, a maximum over all rows."""
    tensors = [Tensor("x", random.randint(2, 5), random.randint(2, 3))]
    forms: list[Form] = []
    count = random.randint(2, 4)
    for number in range(count):
        name = "y" if number == count - 1 else f"t{number}"
        source = tensors[-1]
        same = [t for t in tensors[:-1] if (t.rows, t.columns, t.width) == (source.rows, source.columns, source.width)]
        if number == count - 1 and random.random() < 0.3:
            forms.append(Form((source,), (), (1, 1), Tensor(name, 1, source.columns, source.width), True))
        elif same and random.random() < 0.6:
            out = Tensor(name, source.rows, source.columns, source.width)
            forms.append(Form((source, random.choice(same)), ((Index(), Index()),) * 2, (1, 1), out))
        else:
            rows = source.rows if random.random() < 0.6 else random.randint(2, 5)
            columns = source.columns if random.random() < 0.6 else random.randint(2, 3)
            row = Index(random.choice([1, 1, 1, 2]), random.choice([1, 1, 2]), random.randint(-1, 1))
            flip = random.random() < 0.2
            column = Index(-1 if flip else 1, random.choice([0, 1]), columns - 1 if flip else random.randint(-1, 0))
            width = max(source.width, random.choice([1, 1, 1, 2]))
            taps = (random.randint(1, 3), random.randint(1, 2))
            forms.append(Form((source,), ((row, column),), taps, Tensor(name, rows, columns, width)))
        tensors.append(forms[-1].out)
    return tuple(forms)


def random_order(random: Random, forms: Sequence[Form]) -> Order:
    """Slices of each form in order; most wait until what they read is written."""
    written: set[tuple[Tensor, int]] = {(forms[0].ins[0], row) for row in range(5)}
    done, order = [0] * len(forms), list[tuple[int, int]]()
    careless = random.random() < 0.2
    while left := [number for number, form in enumerate(forms) if done[number] < form.slices]:
        ready = [
            number
            for number in left
            if all(
                (tensor, row) in written
                for i, j in forms[number].points(done[number])
                for tensor, row, _ in forms[number].reads(i, j, done[number])
            )
        ]
        number = random.choice(left) if careless else random.choice([*ready, *[max(ready)] * 3])
        order.append((number, done[number]))
        written.add((forms[number].out, done[number]))
        done[number] += 1
    return order


def random_places(random: Random, forms: Sequence[Form], streamed: bool) -> Places:
    """Views, and rows in rings of some rows, close to each other."""
    places: Places = {}
    step = 2 if any(form.out.width == 2 for form in forms) else 1
    for tensor in (form.out for form in forms[:-1]):
        if random.random() < 0.1:
            continue
        ring = tensor.rows if not streamed or random.random() < 0.3 else random.randint(1, tensor.rows)
        start = random.randrange(0, 16, step)
        offsets = [start + row % ring * tensor.row_bytes for row in range(tensor.rows)]
        if random.random() < 0.3:
            offsets = [offset + step * random.randint(0, 1) for offset in offsets]
        places[tensor] = Layout(tuple(offsets), random.random() < 0.3)
    return places


def is_accepted(module: ModuleOp) -> bool:
    try:
        CheckPass().apply(Context(), module)
    except DiagnosticException:
        return False
    return True


def random_program(seed: int) -> tuple[Program, Program, Random]:
    """A chain in some plan, and the same with buffers and no stream."""
    random = Random(seed)
    forms = random_forms(random)
    order = random_order(random, forms) if random.random() < 0.7 else ()
    return Program(forms, order, random_places(random, forms, bool(order))), Program(forms, (), {}), random
