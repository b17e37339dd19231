"""A model at every level, and the texts at its end."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.dialects.func import FuncOp

from ...dialects.errors import UserError
from ...dialects.memplan import INPUT_ARENA, INPUT_STEPS
from ...passes.fixed.calibrate import argument_types, the_function
from ...passes.fixed.expose_nodes import ExposeNodesPass
from ...passes.memplan.limits.effort import is_limited
from ...targets.board import Board
from ...targets.core import operations_of
from ...targets.costs import cost_model
from ..hardware.refusals import refusing
from ..pipelines import Timing, pipeline, run_passes
from .hls import HlsProgram, hls_program
from .options import DOUBLE, RTL_PORTS, Options
from .planning import memplan_passes
from .to_fixed import NARROW_WORD

if TYPE_CHECKING:
    from ...targets.dataset import Dataset
    from ...targets.estimating.design import Design
    from ...targets.firmware import GeneratedModel
    from ..searching.found import Found


@dataclass
class Compilation:
    """A model at every level; each module is a snapshot that the passes after it did not touch.

    `remarks` say how the importer took what the model leaves open, and where values lose bits to others.
    `typed` is the model simplified, with the type of every value: what `convert-onnx-to-fixed` takes.
    """

    options: Options
    board: Board
    timing: Timing
    remarks: tuple[str, ...]
    onnx: ModuleOp = field(repr=False)
    typed: ModuleOp = field(repr=False)
    fixed: ModuleOp = field(repr=False)
    memplan: ModuleOp = field(repr=False)
    found: Found | None = None
    """What a search for types compared, and took."""

    @property
    def function(self) -> FuncOp:
        """The function at the level `fixed`, with its ports."""
        return the_function(self.fixed)

    @property
    def limited(self) -> bool:
        """True where planning has stopped at its limit: more effort may find a plan with less RAM, or a cheaper one."""
        return any(map(is_limited, the_function(self.memplan).attributes.values()))

    @property
    def name(self) -> str:
        """The model's name, a C identifier."""
        return self.function.sym_name.data

    def c_files(self) -> dict[str, str]:
        """NAME.c, NAME.h and the files of its constants."""
        return self.generated().texts

    def hls_files(self) -> dict[str, str]:
        """NAME.cpp, NAME.h, NAME_weights.h, and the C test bench NAME_tb.cpp."""
        from ...targets.hls import print_hls_header, print_hls_source, print_hls_weights
        from ...targets.hls_testbench import print_hls_testbench

        module = self.hls.module
        with self.timing.measure("print"):
            return {
                f"{self.name}.cpp": print_hls_source(module),
                f"{self.name}.h": print_hls_header(module),
                f"{self.name}_weights.h": print_hls_weights(module),
                f"{self.name}_tb.cpp": print_hls_testbench(module, has_header=True),
            }

    @cached_property
    def hls(self) -> HlsProgram:
        """The program as HLS C++, in IR. Raises UserError for what synthesis would refuse, and for double ports."""
        if self.options.ports == DOUBLE:
            raise UserError(f"--ports {DOUBLE} is of Verilog: for HLS C++ it is memory, stream or mapped")
        return hls_program(self.fixed, self.board, self.options, self.hardware(), self.timing)

    def hardware(self) -> dict[str, int | str | None]:
        """The parameters of the hardware's pipeline: as many lanes as fit, or as many as asked for in each form."""
        fpga, lanes = self.board.fpga, self.options.lanes
        multiplier, wide = (None, None) if fpga is None else (fpga.multiplier_bits, fpga.multiplier_wide_bits)
        board = None if fpga is None or lanes else self.options.board
        return {"lanes": lanes or None, "board": board, "multiplier": multiplier, "wide": wide}

    def stages(self) -> dict[str, int | float]:
        """What the board's family says of what lies between two registers; nothing without a board that is one."""
        from ...targets.family import load_family

        return {} if self.board.fpga is None else asdict(load_family(self.board.fpga.family).stages)

    def rtl(self, **parameters: int | str) -> ModuleOp:
        """The program as hardware, in IR; `parameters` are others of the pipeline than those of the board.

        Raises UserError where the board is too small, for what has no hardware, with the node, and for ports of HLS.
        """
        if self.options.ports not in RTL_PORTS:
            raise UserError(f"--ports {self.options.ports} is of HLS C++: for Verilog it is {' or '.join(RTL_PORTS)}")
        return self.as_rtl(**parameters)

    def as_rtl(self, **parameters: int | str) -> ModuleOp:
        """The same, whatever ports HLS would have."""
        module = self.fixed.clone()
        double = True if self.options.ports == DOUBLE else None
        passes = pipeline("fixed-to-rtl", **{**self.hardware(), **self.stages(), "double": double, **parameters})
        with refusing("Verilog"):
            run_passes(module, passes, self.timing)
        return module

    def design(self, **parameters: int | str) -> Design:
        """The estimate of the program as hardware. Raises UserError for a board that is none, or too small."""
        from ...targets.estimating.design import design_of
        from ...targets.family import load_family

        if self.board.fpga is None:
            raise UserError(f"board '{self.board.name}' is no FPGA")
        return design_of(load_family(self.board.fpga.family), self.as_rtl(**parameters).ops)

    def exposed(self) -> Compilation:
        """The same program with every node's value as an output: to find where compiled code goes wrong."""
        fixed = self.fixed.clone()
        run_passes(fixed, [ExposeNodesPass()], self.timing)
        memplan = fixed.clone()
        options = replace(self.options, memories=False)
        run_passes(memplan, memplan_passes(options, self.board, fixed), self.timing)
        return replace(self, options=options, fixed=fixed, memplan=memplan)

    @cached_property
    def emitc(self) -> ModuleOp:
        """The program as C, in IR. Raises UserError for what the board's index width does not reach."""
        return self.lowered(self.memplan, self.board.index_bits)

    def lowered(self, plan: ModuleOp, bits: int, whole: bool = True) -> ModuleOp:
        """A plan for this board as C for a word and indices of so many bits; of a sample each form is a function.

        Raises UserError.
        """
        module = plan.clone()
        sections = ",".join(f"{memory.id}={memory.section}" for memory in self.board.memories if memory.section)
        near, operations = self.board.near_flash_bytes, ",".join(operations_of(self.board)) or None
        keep = True if whole and bits == NARROW_WORD else None
        numbers = True if whole and bits != NARROW_WORD and self.options.spares_flash else None
        widths = {"index_bits": bits, "word_bits": bits}
        kinds = {
            "share": keep or numbers,
            "keep": keep,
            "numbers": numbers,
            "flat": numbers,
            "noinline": bits != NARROW_WORD or None,
            "operations": operations,
            "costs": None if bits == NARROW_WORD or self.options.spares_flash else cost_model(self.board).text(),
        }
        passes = pipeline("memplan-to-emitc", **widths, **kinds, **self._form(), sections=sections, near_flash=near)
        run_passes(module, passes, self.timing)
        return module

    def _form(self) -> dict[str, bool | str | None]:
        """The parameters of the pipeline for how the program stands in C."""
        form = self.options.form
        return {
            "standard": form.standard,
            "single_file": form.single_file,
            "hooks": form.hooks or None,
            "caller_state": form.caller_state or None,
            "separate_weights": None if form.single_file else True,
        }

    def generated(self) -> GeneratedModel:
        """The C source and header."""
        from ...targets.c import print_c
        from ...targets.firmware import GeneratedModel
        from ...targets.header import print_header
        from ...targets.ports import input_ports, input_rows, output_ports, output_rows
        from ...targets.printing.program import Program, array_bytes
        from ...targets.weights import print_weights, print_weights_header

        module = self.emitc
        with self.timing.measure("print"):
            source, header = print_c(module, self.options.asm), print_header(module)
            separate = bool(Program(module).weights)
            weights = (print_weights(module), print_weights_header(module)) if separate else None
        inputs, outputs = input_ports(self.function), output_ports(self.function)
        plan = the_function(self.memplan)
        return GeneratedModel(
            self.name,
            source,
            header,
            inputs,
            outputs,
            input_rows(plan),
            INPUT_ARENA in plan.attributes,
            INPUT_STEPS in plan.attributes,
            output_rows(plan),
            weights,
            self.options.form.standard.startswith("c++"),
            sum(map(array_bytes, Program(module).state)),
            self.options.form.single_file,
        )


def input_types(module: ModuleOp) -> dict[str, TensorType]:
    """The tensor types of a model's inputs, by name."""
    return argument_types(the_function(module))


def float_outputs(compilation: Compilation, dataset: Dataset, exact: bool = False) -> dict[str, NDArray[Any]]:
    """The outputs of the model itself, as real numbers, by name: in float32, or in float64 where they must be exact."""
    from ...targets.executors.onnx import OnnxExecutor
    from ...targets.ports import input_ports, model_to_real, output_ports, to_model

    function = compilation.function
    inputs = to_model(dataset, input_ports(function), the_function(compilation.onnx))
    executor = OnnxExecutor(compilation.onnx, np.float64 if exact else np.float32)
    return model_to_real(executor.run(inputs).outputs, output_ports(function))
