"""The files of a model's hardware: Verilog, constants, and a test bench that checks itself."""

from __future__ import annotations

import numpy as np

from ...dialects.fixed.types import PortAttr, storage_limits
from ...targets.estimating.design import design_of
from ...targets.executors.fixed import FixedExecutor
from ...targets.executors.interface import Arrays
from ...targets.family import load_family
from ...targets.ports import input_ports, output_ports
from ...targets.verilog.program import image_files, print_verilog
from ...targets.verilog.testbench import EXPECTED, INPUTS, print_testbench, vector_file, vectors
from ..compiling.compilation import Compilation
from .estimate import refuse_misfits

ROWS = 4
"""Of the test bench."""


def rtl_files(compilation: Compilation) -> dict[str, str]:
    """NAME.v, a file for each constant memory, NAME_tb.v with its inputs and the outputs of `fixed` for them.

    Raises UserError for what has no hardware, and where lanes that were asked for do not fit the board's part.
    """
    module, name, function = compilation.rtl(), compilation.name, compilation.function
    fpga, inputs, outputs = compilation.board.fpga, input_ports(function), output_ports(function)
    if fpga is not None and compilation.options.lanes:
        refuse_misfits(compilation, design_of(load_family(fpga.family), module.ops))
    rows = random_rows(inputs, ROWS)
    expected = FixedExecutor(compilation.fixed).run(rows).outputs
    with compilation.timing.measure("print"):
        return {
            f"{name}.v": print_verilog(module),
            f"{name}_tb.v": print_testbench(module, ROWS, checks=True),
            vector_file(name, INPUTS): vectors([rows[p.label.data] for p in inputs]),
            vector_file(name, EXPECTED): vectors([expected[p.label.data] for p in outputs]),
            **image_files(module),
        }


def random_rows(ports: tuple[PortAttr, ...], count: int) -> Arrays:
    """Any integers that ports take, the same each time: (count, *stored shape) by label."""
    generator = np.random.default_rng(0)
    return {
        p.label.data: generator.integers(*storage_limits(p.storage), (count, *p.stored_shape), np.int64, True)
        for p in ports
    }
