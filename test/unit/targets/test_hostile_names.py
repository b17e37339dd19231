"""Whatever a model, its nodes and its ports are called: the generated files compile, and compute what they should."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from support.emitc import tool
from support.hostile import BREAKOUTS, FOREIGN_HEADER, TAKEN, names
from xdsl.dialects.builtin import ModuleOp

from tinyml_opt.lowering.import_onnx.importer import import_onnx
from tinyml_opt.targets.c import print_c
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.hls import HlsExecutor, ap_types_directory
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.interface import Executor
from tinyml_opt.targets.header import print_header
from tinyml_opt.targets.hls import print_hls
from tinyml_opt.targets.hls_testbench import print_hls_testbench
from tinyml_opt.targets.ports import input_ports, output_ports
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import Options
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes

WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wcast-align -pedantic -Werror".split()
CLANG = [sys.executable, "-m", "ziglang", "cc", "-c", "-o", os.devnull]
HOST = ["-std=c99", *WARNINGS]
CPP = ["-std=c++11", "-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror", "-fsyntax-only"]


@dataclass(frozen=True)
class Case:
    """A model under hostile names: `values` of an input, an output and so on, each once in the model."""

    model: str
    nodes: tuple[str, ...]
    values: tuple[str, ...]
    bits: int
    by: str | None

    def proto(self) -> onnx.ModelProto:
        """Three layers; where the caller hands everything over as a whole, three inputs and four outputs."""
        nodes, values = list(self.nodes), list(self.values)
        pairs = [(values.pop(), values.pop()) for _ in range(3 if self.by is None else 1)]
        weights, hidden, last = values.pop(), values.pop(), values.pop()
        filters = np.eye(4, dtype=np.float32).reshape(4, 4, 1, 1)
        graph = helper.make_graph(
            [
                *(helper.make_node("Relu", [a], [b], nodes.pop()) for a, b in pairs),
                helper.make_node("Conv", [pairs[0][1], weights], [hidden], nodes.pop()),
                helper.make_node("Softmax", [hidden], [last], nodes.pop(), axis=1),
            ],
            "graph",
            [helper.make_tensor_value_info(a, TensorProto.FLOAT, [1, 4, 2, 2]) for a, _ in pairs],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in (*(b for _, b in pairs[1:]), last)],
            [numpy_helper.from_array(filters, weights)],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])

    def fixed(self) -> ModuleOp:
        """The model in integers."""
        module = import_onnx(self.proto().SerializeToString(), self.model)
        run_passes(module, pipeline("onnx-to-fixed", nominal=True, bits=self.bits), Timing())
        return module

    def write(self, folder: Path, index_bits: int = 32) -> str:
        """NAME.c and NAME.h, with programs that include the header after others; returns the model's name."""
        module = self.fixed()
        run_passes(module, pipeline("fixed-to-memplan", by=self.by, stream=self.by == "rows" or None), Timing())
        run_passes(module, pipeline("memplan-to-emitc", index_bits=index_bits), Timing())
        function = next(op for op in module.walk() if op.name == "emitc.func" and "specifiers" not in op.properties)
        name = str(function.properties["sym_name"])[1:-1].removesuffix("_run").removesuffix("_push_row")
        folder.mkdir()
        for file, text in ((f"{name}.c", print_c(module)), (f"{name}.h", print_header(module))):
            assert text.isascii() and all(line.isprintable() for line in text.split("\n"))
            (folder / file).write_text(text)
        for suffix in ("c", "cpp"):
            (folder / f"a-user.{suffix}").write_text(f'{FOREIGN_HEADER}#include "{name}.h"\n')
        return name

    def hls(self) -> tuple[str, str]:
        """NAME.cpp and its test bench."""
        module = self.fixed()
        run_passes(module, pipeline("fixed-to-hls"), Timing())
        return print_hls(module), print_hls_testbench(module)


def cases() -> st.SearchStrategy[Case]:
    """Models whose names can be anything."""
    return st.builds(
        Case,
        names(),
        st.lists(names(), min_size=5, max_size=5).map(tuple),
        st.lists(names(), min_size=9, max_size=9, unique=True).map(tuple),
        st.sampled_from((8, 16)),
        st.sampled_from((None, None, "arena", "rows")),
    )


SOME = tuple((*TAKEN, *TAKEN)[start : start + 15] for start in range(0, len(TAKEN), 15))
CASES = [
    *(Case(group[0], group[1:6], group[6:], *way) for group in SOME for way in ((8, None), (16, "rows"))),
    Case("ports", TAKEN[:5], BREAKOUTS[:9], 8, None),
    Case("NET", ("FLASH", "INT16", "X_SIZE", "run", "push_row"), ("X", "X_ROW", "x", "x_row", *"abcde"), 16, None),
    Case("int8", ("arena", "row", "in", "out", "int8_t"), (*"uvwxyz", "H", "max", "INT16"), 8, "arena"),
    Case(BREAKOUTS[0], BREAKOUTS[:5], BREAKOUTS[5:14], 8, "arena"),
]
"""Known collisions, at all outputs."""


def compile_all(compiler: str, flags: Sequence[str], folder: Path, pattern: str) -> None:
    """One run of a compiler over all files of a pattern."""
    files = sorted(str(path.relative_to(folder)) for path in folder.glob(pattern))
    assert files
    done = subprocess.run([tool(compiler, compiler), *flags, *files], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]


def check_c(batch: Sequence[Case], folder: Path) -> None:
    """Compile the models and the users of their headers, in C and in C++."""
    for number, case in enumerate(batch):
        case.write(folder / str(number))
    compile_all("gcc", [*HOST, "-fsyntax-only"], folder, "*/*.c")
    compile_all("g++", CPP, folder, "*/a-user.cpp")


@pytest.mark.hypothesis
@settings(
    max_examples=settings().max_examples // 50,
    phases=(Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(cases(), min_size=6, max_size=6))
def test_any_names_compile(batch: list[Case]):
    with TemporaryDirectory() as folder:
        check_c(batch, Path(folder))


def test_known_collisions_compile(tmp_path: Path):
    check_c(CASES, tmp_path)


@pytest.mark.skipif(find_spec("ziglang") is None, reason="ziglang, which brings clang, is not installed")
def test_known_collisions_compile_with_clang(tmp_path: Path):
    for number, case in enumerate(CASES):
        name = case.write(tmp_path / str(number))
        done = subprocess.run([*CLANG, *HOST, f"{number}/{name}.c"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[:3000]


def test_known_collisions_compile_on_avr(tmp_path: Path):
    for number, case in enumerate(CASES):
        case.write(tmp_path / str(number), 16)
    flags = ["-mmcu=atmega328p", "-std=gnu99", *WARNINGS, "-fsyntax-only"]
    compile_all("avr-gcc", flags, tmp_path, "*/*.c")


def test_known_collisions_compile_as_hls(tmp_path: Path):
    heads = "#include <cstdint>\n#include <fstream>\n#include <iostream>\n#include <stdbool.h>\n#include <ap_int.h>\n"
    parts = [
        f"namespace n{number} {{\n{source}\n{testbench}\n}}\n"
        for number, (source, testbench) in enumerate(case.hls() for case in CASES if case.by is None)
    ]
    text = heads + "".join(parts)
    assert text.isascii()
    (tmp_path / "all.cpp").write_text(text)
    silent = ["-Wno-unknown-pragmas", "-Wno-unused-label", "-Wno-return-type"]
    flags = ["-std=c++14", "-Wall", *silent, "-Werror", "-fsyntax-only", "-isystem", str(ap_types_directory())]
    compile_all("g++", flags, tmp_path, "all.cpp")


def test_a_model_computes_what_it_should_under_such_names(tmp_path: Path):
    values = ("x.y", "x_y", "INPUT", "X", "int8_t", "17", "7", "w", "y")
    case = Case("ports", ("17", "INPUT", "x.y", "x_y", "int8_t"), values, 8, None)
    path = tmp_path / "ports.onnx"
    onnx.save(case.proto(), path)
    compilation = compile_model(Options(path, "host", sizes_only=True))
    ports = input_ports(compilation.function), output_ports(compilation.function)
    random = np.random.default_rng(0)
    rows = {p.label.data: random.integers(-128, 128, (5, *p.stored_shape)).astype(np.int8) for p in ports[0]}
    expected = FixedExecutor(compilation.fixed).run(rows).outputs
    hls = HlsExecutor(compilation.hls_files(), *ports, compilation.name)
    executors: list[Executor] = [HostExecutor(compilation.generated(), sanitize=True), hls]
    for executor in executors:
        outputs = executor.run(rows).outputs
        assert list(outputs) == list(expected)
        for label, values in expected.items():
            np.testing.assert_array_equal(outputs[label], values)
