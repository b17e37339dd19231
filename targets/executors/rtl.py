"""Printed Verilog in a simulator: the same integers, and the cycles of an inference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from xdsl.dialects.builtin import ModuleOp

from ...dialects.fixed.types import PortAttr
from ..simulators.outcome import FirmwareFault
from ..simulators.verilog import simulate
from ..verilog.program import image_files, parts_of, print_verilog
from ..verilog.testbench import INPUTS, print_testbench, testbench_name, vector_file, vectors
from .compiled import pack_rows, unpack_rows
from .hls import from_text
from .interface import Arrays, Measurement, Run


class RtlExecutor:
    """`RtlExecutor(module, inputs, outputs)`: a module of `rtl` and the ports of the model."""

    level = "rtl"

    def __init__(
        self,
        module: ModuleOp,
        inputs: Sequence[PortAttr],
        outputs: Sequence[PortAttr],
        simulator: str = "iverilog",
    ):
        self.module, self.inputs, self.outputs, self.simulator = module, tuple(inputs), tuple(outputs), simulator

    def run(self, inputs: Arrays, trace: bool = False) -> Run:
        """Outputs, the mean of the cycles of an inference, and of those from the start of one to that of the next.

        Raises ToolchainMissing, CompileError, FirmwareFault, TooSlow.
        """
        rows = pack_rows(inputs, self.inputs)
        name = parts_of(self.module)[2].sym_name.data
        files = {
            f"{name}.v": print_verilog(self.module),
            f"{name}_tb.v": print_testbench(self.module, len(rows), checks=False),
            vector_file(name, INPUTS): vectors([rows[port.label.data] for port in self.inputs]),
            **image_files(self.module),
        }
        with TemporaryDirectory(prefix="tinyml-") as scratch:
            directory = Path(scratch)
            for file, text in files.items():
                (directory / file).write_text(text, encoding="utf-8")
            text = simulate(self.simulator, testbench_name(name), [f"{name}.v", f"{name}_tb.v"], directory)
        numbers, cycles, clocks = outcome_of(text)
        outputs = unpack_rows(from_text(numbers, self.outputs), self.outputs, len(rows))
        interval = round(clocks / (len(rows) - 1)) if len(rows) > 1 else None
        return Run(outputs, {}, Measurement(cycles=round(cycles / len(rows)), interval=interval))


def outcome_of(text: str) -> tuple[str, int, int]:
    """The outputs that a test bench prints, the cycles of all rows, and the clocks from the first start to the last.

    Raises FirmwareFault without an end.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1]):
        if line.startswith("cycles "):
            cycles, clocks = int(line.removeprefix("cycles ")), int(lines[number + 1].removeprefix("clocks "))
            return "\n".join(lines[:number]), cycles, clocks
    raise FirmwareFault("the simulation of the Verilog did not come to its end", *lines[:4])
