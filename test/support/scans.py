"""Recurrent models at the level `fixed`, written as text: a few lines each, with weights of their own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from support.texts import parse

from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.interface import Executor, Run
from tinyml_opt.targets.executors.memplan import MemplanExecutor
from tinyml_opt.targets.ports import input_ports
from tinyml_opt.tools.compiling.compilation import Compilation
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.compiling.planning import memplan_passes
from tinyml_opt.tools.pipelines import Timing, run_passes


def tensor(shape: Sequence[int], element: str = "i8") -> str:
    """`tensor<2x3xi8>`"""
    return f"tensor<{''.join(f'{size}x' for size in shape)}{element}>"


def affine(dims: Sequence[str], results: Sequence[str]) -> str:
    """`affine_map<(a, b) -> (a, 0)>`"""
    return f"affine_map<({', '.join(dims)}) -> ({', '.join(results)})>"


class Text:
    """Lines of a function under construction. Values are named by the caller or numbered; all elements are i8."""

    def __init__(self, seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.lines: list[str] = []
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.numbers = count()

    def name(self, shape: Sequence[int], hint: str = "v") -> str:
        """A new value of this shape."""
        value = f"%{hint}{next(self.numbers)}"
        self.shapes[value] = tuple(shape)
        return value

    def type(self, value: str) -> str:
        """The tensor type of a value."""
        return tensor(self.shapes[value])

    def constant(self, shape: Sequence[int], limit: int = 60, fill: int | None = None) -> str:
        """Random weights, or one number everywhere."""
        values = self.random.integers(-limit, limit + 1, tuple(shape)).astype(np.int8)
        text = str(fill) if fill is not None else f'"0x{values.tobytes().hex()}"'
        value = self.name(shape, "w")
        self.lines.append(f"{value} = fixed.constant dense<{text}> : {tensor(shape)} as {tensor(shape)}")
        return value

    def linear(self, x: str, size: int, node: str) -> str:
        """`W x`, requantized; the last dimension of `x` is summed over, those before stay."""
        *outer, inputs = self.shapes[x]
        w, out = self.constant((size, inputs)), self.name((*outer, size))
        rows = [f"r{dim}" for dim in range(len(outer))]
        dims = [*rows, "o", "k"]
        maps = [affine(dims, [*rows, "k"]), affine(dims, ["o", "k"]), affine(dims, [*rows, "o"])]
        self.lines.append(
            f"{out} = fixed.contract ins({x}, {w} : {self.type(x)}, {self.type(w)}) "
            f"domain <{', '.join(map(str, (*outer, size)))} | {inputs}> maps [{', '.join(maps)}] "
            f'zero_points <3, 0> acc i32 node "{node}" {{\n^bb0(%acc: i32):\n'
            "  %0 = fixed.rescale %acc shift 6 half_up in i32 : i32 -> i32\n"
            "  %1 = fixed.saturate %0 to [-128, 127] : i32 -> i8\n  fixed.yield %1 : i8\n}"
            f" -> {self.type(out)}"
        )
        return out

    def conv(self, x: str, channels: int, node: str) -> str:
        """A 3x3 convolution over an image (1, H, W, C), padded by one."""
        _, height, width, depth = self.shapes[x]
        w, out = self.constant((channels, 3, 3, depth)), self.name((1, height, width, channels))
        dims = ["h", "w", "c", "i", "j", "k"]
        maps = [
            affine(dims, ["0", "h + i - 1", "w + j - 1", "k"]),
            affine(dims, ["c", "i", "j", "k"]),
            affine(dims, ["0", "h", "w", "c"]),
        ]
        self.lines.append(
            f"{out} = fixed.contract ins({x}, {w} : {self.type(x)}, {self.type(w)}) "
            f"domain <{height}, {width}, {channels} | 3, 3, {depth}> maps [{', '.join(maps)}] "
            f'zero_points <0, 0> acc i32 node "{node}" {{\n^bb0(%acc: i32):\n'
            "  %0 = fixed.rescale %acc shift 7 half_up in i32 : i32 -> i32\n"
            "  %1 = fixed.saturate %0 to [-128, 127] : i32 -> i8\n  fixed.yield %1 : i8\n}"
            f" -> {self.type(out)}"
        )
        return out

    def mix(self, values: Sequence[str], node: str) -> str:
        """`sum of a_i * (i + 1)`, halved and clamped, element by element."""
        shape = self.shapes[values[0]]
        dims = [f"d{dim}" for dim in range(len(shape))]
        maps = ", ".join([affine(dims, dims)] * (len(values) + 1))
        types = ", ".join(map(self.type, values))
        arguments = ", ".join(f"%a{i}: i8" for i in range(len(values)))
        body = ["%s0 = arith.constant 1 : i32"]
        for i in range(len(values)):
            body += [
                f"%e{i} = fixed.extend %a{i} : i8 -> i32",
                f"%c{i} = arith.constant {i + 1} : i32",
                f"%m{i} = arith.muli %e{i}, %c{i} : i32",
                f"%s{i + 1} = arith.addi %s{i}, %m{i} : i32",
            ]
        body += [
            f"%r = fixed.rescale %s{len(values)} shift 1 half_up in i32 : i32 -> i32",
            "%q = fixed.saturate %r to [-128, 127] : i32 -> i8",
            "fixed.yield %q : i8",
        ]
        out = self.name(shape)
        self.lines.append(
            f"{out} = fixed.map ins({', '.join(values)} : {types}) domain <{', '.join(map(str, shape))}> maps [{maps}] "
            f'node "{node}" {{\n^bb0({arguments}):\n  ' + "\n  ".join(body) + f"\n}} -> {self.type(out)}"
        )
        return out

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """The same elements."""
        out = self.name(shape)
        self.lines.append(f"{out} = fixed.reshape {x} : {self.type(x)} -> {self.type(out)}")
        return out

    def slice(self, x: str, offsets: Sequence[int], shape: Sequence[int]) -> str:
        """A box of a value."""
        out = self.name(shape)
        at = ", ".join(map(str, offsets))
        self.lines.append(f"{out} = fixed.slice {x} at <{at}> : {self.type(x)} -> {self.type(out)}")
        return out

    def concat(self, parts: Sequence[str], axis: int) -> str:
        """Values beside each other."""
        shape = list(self.shapes[parts[0]])
        shape[axis] = sum(self.shapes[part][axis] for part in parts)
        out, types = self.name(shape), ", ".join(map(self.type, parts))
        self.lines.append(f"{out} = fixed.concat {', '.join(parts)} along {axis} : {types} -> {self.type(out)}")
        return out

    def begin(self, rounds: int, states: Sequence[str], ins: Sequence[tuple[str, int, bool]]) -> Scan:
        """Begin a scan: its initial states, and each scanned value with its axis and whether it is reversed."""
        return Scan(self, rounds, states, ins)

    def module(self, inputs: Sequence[str], outputs: Sequence[str], name: str = "net") -> str:
        """The whole module; inputs are values that were named first."""

        def port(label: str, value: str) -> str:
            shape = self.shapes[value]
            return f'#fixed.port<"{label}", {tensor(shape)}, permutation <{", ".join(map(str, range(len(shape))))}>>'

        ins = ", ".join(port(f"x{i}", value) for i, value in enumerate(inputs))
        outs = ", ".join(port(f"y{i}", value) for i, value in enumerate(outputs))
        arguments = ", ".join(f"{value}: {self.type(value)}" for value in inputs)
        types = ", ".join(map(self.type, outputs))
        text = "\n".join(self.lines)
        return (
            f"func.func @{name}({arguments}) -> ({types}) attributes {{fixed.inputs = [{ins}], "
            f"fixed.outputs = [{outs}]}} {{\n{text}\nfunc.return {', '.join(outputs)} : {types}\n}}\n"
        )


class Scan:
    """The body of a scan under construction: `states` and `slices` are its arguments."""

    def __init__(self, text: Text, rounds: int, states: Sequence[str], ins: Sequence[tuple[str, int, bool]]):
        self.text, self.rounds, self.initial, self.ins = text, rounds, states, ins
        self.states = [text.name(text.shapes[state], "state") for state in states]
        self.slices: list[str] = []
        for value, axis, _ in ins:
            shape = list(text.shapes[value])
            del shape[axis]
            self.slices.append(text.name(shape, "slice"))
        self.head = len(text.lines)

    def end(
        self, states: Sequence[str], outs: Sequence[tuple[str, int, bool]] = (), node: str = "scan"
    ) -> tuple[str, ...]:
        """End the round with the next states and the stacked outputs; returns the results of the scan."""
        text = self.text
        body, text.lines[self.head :] = text.lines[self.head :], []
        shapes = [text.shapes[state] for state in states]
        for value, axis, _ in outs:
            shape = list(text.shapes[value])
            shapes.append((*shape[:axis], self.rounds, *shape[axis:]))
        results = tuple(text.name(shape, "r") for shape in shapes)

        def group(word: str, values: Sequence[str]) -> str:
            return f"{word}({', '.join(values)} : {', '.join(map(text.type, values))}) " if values else ""

        def numbers(values: Sequence[int]) -> str:
            return f"<{', '.join(map(str, values))}>"

        arguments = ", ".join(f"{value}: {text.type(value)}" for value in (*self.states, *self.slices))
        head = (
            f"{', '.join(results)} = fixed.scan {self.rounds} {group('states', self.initial)}"
            f"{group('ins', [value for value, _, _ in self.ins])}"
            f"along {numbers([axis for _, axis, _ in self.ins])} reversed {numbers([int(r) for _, _, r in self.ins])} "
            f"stacks along {numbers([axis for _, axis, _ in outs])} reversed {numbers([int(r) for _, _, r in outs])} "
            f'node "{node}" {{\n^bb0({arguments}):'
        )
        last = f"fixed.next {group('states', states)}{group('outs', [value for value, _, _ in outs])}"
        types = ", ".join(map(text.type, results))
        text.lines.append("\n".join([head, *body, last, f"}} -> {types}"]))
        return results


def compile_text(text: str, **options: Any) -> Compilation:
    """A module at the level `fixed` as `tinyml compile` takes it from there; by default for the host's board."""
    chosen = Options(Path("net.onnx"), options.pop("board", "host"), **options)
    board, fixed = load_board(chosen.board), parse(text)
    memplan, timing = fixed.clone(), Timing()
    run_passes(memplan, memplan_passes(chosen, board, fixed), timing, verify_each=True)
    return Compilation(chosen, board, timing, (), fixed, fixed, fixed, memplan)


def random_inputs(compilation: Compilation, rows: int = 3, seed: int = 1) -> dict[str, NDArray[Any]]:
    """Stored integers for each input."""
    random = np.random.default_rng(seed)
    ports = input_ports(compilation.function)
    return {p.label.data: random.integers(-128, 128, (rows, *p.stored_shape)).astype(np.int8) for p in ports}


def require_equal_levels(compilation: Compilation, *executors: Executor, rows: int = 3) -> Run:
    """Every executor gives the integers of the level `fixed`; the memplan executor those of each node, too."""
    stored = random_inputs(compilation, rows)
    expected = FixedExecutor(compilation.fixed).run(stored, trace=True)
    planned = MemplanExecutor(compilation.memplan).run(stored, trace=True)
    for node, value in planned.values.items():
        if node in expected.values:
            np.testing.assert_array_equal(value, expected.values[node], f"memplan, {node}")
    for run, level in [(planned, "memplan"), *((executor.run(stored), executor.level) for executor in executors)]:
        for label, value in expected.outputs.items():
            np.testing.assert_array_equal(run.outputs[label], value, f"{level}, {label}")
    return expected
