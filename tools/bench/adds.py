"""How planning grows with a graph: `python -m tinyml_opt.tools.bench.adds 100 1000 --board stm32f746`.

Each graph has so many Adds of two random earlier values, 3-D tensors of 1 KB; all leaves are joined by Sums of eight.
The table has the CPU seconds of `tinyml analyze` without printing, and the arena in bytes.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import onnx
from onnx import ModelProto, TensorProto, helper

from ...passes.memplan.limits.effort import EFFORT
from ..analyze import analyze
from ..compiler import compile_model
from ..compiling.options import Options

SHAPE = (4, 16, 16)
JOINED = 8
LINE = "{:>8} {:>10} {:>12} {:>12} {:>8}"


def main(arguments: Sequence[str]) -> int:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(prog="bench_adds", description=__doc__)
    parser.add_argument("counts", type=int, nargs="+", help="numbers of Adds")
    parser.add_argument("--board", default="stm32f746", help="a board's name")
    parser.add_argument("--effort", type=int, default=EFFORT, help="how much planners look at")
    args = parser.parse_args(arguments)
    gc.disable()
    print(LINE.format("adds", "seconds", "arena", "bound", "limited"))
    with TemporaryDirectory() as folder:
        for count in args.counts:
            path = Path(folder) / f"adds{count}.onnx"
            onnx.save(random_adds(count), path)
            start = time.process_time()
            compilation = compile_model(Options(path, args.board, sizes_only=True, effort=args.effort))
            analysis = analyze(compilation)
            spent = time.process_time() - start
            figures = f"{spent:.2f}", analysis.plan["peak"], analysis.plan["lower_bound"]
            print(LINE.format(count, *figures, str(compilation.limited)), flush=True)
    return 0


def random_adds(count: int, seed: int = 0) -> ModelProto:
    """A model with one input and one output."""
    random = Random(seed)
    values, used = ["x"], set[str]()
    nodes: list[onnx.NodeProto] = []
    for number in range(count):
        pair = [random.choice(values), random.choice(values)]
        nodes.append(helper.make_node("Add", pair, [f"a{number}"], name=f"add{number}"))
        used.update(pair)
        values.append(f"a{number}")
    leaves = [value for value in values if value not in used]
    while len(leaves) > 1:
        groups = [leaves[start : start + JOINED] for start in range(0, len(leaves), JOINED)]
        leaves = []
        for group in groups:
            name = f"s{len(nodes)}"
            nodes.append(helper.make_node("Sum", group, [name], name=name))
            leaves.append(name)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("x", *leaves))
    graph = helper.make_graph(nodes, "adds", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
