"""Whatever a model, its nodes and its ports are called: Verilog, HLS C++ with streams and Tcl take its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.emitc import tool
from support.hostile import BREAKOUTS, names
from unit.targets.test_hostile_names import Case

from tinyml_opt.targets.device import Fpga
from tinyml_opt.targets.executors.hls import ap_types_directory
from tinyml_opt.targets.hls import print_hls
from tinyml_opt.targets.hls_testbench import print_hls_testbench
from tinyml_opt.targets.processes import run_program
from tinyml_opt.targets.verilog.program import image_files, print_verilog
from tinyml_opt.targets.verilog.testbench import print_testbench
from tinyml_opt.tools.hardware.hls_project import tcl
from tinyml_opt.tools.pipelines import Timing, pipeline, run_passes

VERILOG = (
    *("module", "endmodule", "wire", "reg", "input", "output", "inout", "begin", "end", "always", "initial", "assign"),
    *("posedge", "negedge", "parameter", "integer", "signed", "table", "edge", "strong0", "supply1", "task", "logic"),
    *("clk", "clock", "reset", "start", "done", "valid", "ready", "tb", "memory", "genvar", "casez", "repeat", "wait"),
)
"""Keywords, and names that hardware has everywhere."""

OTHERS = (
    *("$display", "`define", "\\escaped ", "[exec rm]", "${x}", "a;b", "proc", "set", "{", "exit"),
    *("1e5", "0x10", "8'b1"),
)
"""System tasks, directives and substitutions of Verilog and Tcl; numbers of both."""

STREAMS = ("hls", "stream", "read", "write", "ap_uint", "word", "held", "sums", "lane", "pair", "token", "sum", "std")

WORDS = (*VERILOG, *OTHERS, *STREAMS)

SOME = tuple((*WORDS, *WORDS)[start : start + 15] for start in range(0, len(WORDS), 15))

CASES = [
    *(Case(group[0], group[1:6], group[6:], 8, None) for group in SOME),
    Case(BREAKOUTS[1], BREAKOUTS[:5], BREAKOUTS[5:14], 8, None),
]


def check(batch: Sequence[Case], folder: Path) -> None:
    """Compile all models, each as Verilog with its test bench, and all together as HLS C++."""
    parts: list[str] = []
    for number, case in enumerate(batch):
        place = folder / str(number)
        place.mkdir()
        fixed = case.fixed()
        hardware, overlapping = fixed.clone(), fixed.clone()
        run_passes(hardware, pipeline("fixed-to-rtl", lanes=2), Timing())
        files = {"x.v": print_verilog(hardware), "tb.v": print_testbench(hardware, 1, checks=True)}
        for name, text in {**files, **image_files(hardware)}.items():
            assert text.isascii()
            (place / name).write_text(text)
        command = [tool("iverilog", "iverilog"), "-g2005", "-Wall", "-t", "null", "x.v", "tb.v"]
        done = run_program(command, 60, place)
        assert (done.code, done.stderr) == (0, ""), case
        run_passes(overlapping, pipeline("fixed-to-hls", lanes=2, overlap=True), Timing())
        parts.append(f"namespace n{number} {{\n{print_hls(overlapping)}\n{print_hls_testbench(overlapping)}\n}}\n")
    heads = ("cstdint", "fstream", "iostream", "stdbool.h", "ap_int.h", "hls_stream.h")
    text = "".join(f"#include <{head}>\n" for head in heads) + "".join(parts)
    (folder / "all.cpp").write_text(text)
    silent = ["-Wno-unknown-pragmas", "-Wno-unused-label", "-Wno-return-type"]
    flags = ["-std=c++14", "-Wall", *silent, "-Werror", "-fsyntax-only", "-isystem", str(ap_types_directory())]
    done = run_program([tool("g++", "g++"), *flags, "all.cpp"], 120, folder)
    assert done.code == 0, done.stderr[:3000]


def test_words_of_hardware(tmp_path: Path):
    check(CASES, tmp_path)


@pytest.mark.hypothesis
@settings(
    max_examples=max(1, settings().max_examples // 100),
    phases=(Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_any_names(data: st.DataObject):
    word = st.one_of(st.sampled_from(WORDS), names())
    values = data.draw(st.lists(word, min_size=9, max_size=9, unique=True))
    case = Case(data.draw(word), tuple(data.draw(st.lists(word, min_size=5, max_size=5))), tuple(values), 8, None)
    with TemporaryDirectory() as folder:
        check([case], Path(folder))


def test_a_script_has_identifiers_alone():
    part = Fpga("X", "xc7", 1, 1, 1, 1.0, 100_000_000, vitis_part="xc7a35tcsg324-1")
    for case in CASES:
        function = next(op for op in case.fixed().ops if op.name == "func.func")
        name = str(function.properties["sym_name"])[1:-1]
        assert re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)
        words = re.findall(r"set_top (.*)|open_project -reset (.*)", tcl(name, f"{name}_run", part))
        assert [a or b for a, b in words] == [f"{name}_hls", f"{name}_run"]
