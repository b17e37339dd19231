"""The run of `tinyml-opt`: xDSL's driver with this project's tables, ONNX input, and errors in MLIR's form."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO

from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import DiagnosticException, ParseError
from xdsl.xdsl_opt_main import xDSLOptMain

from ...dialects.errors import UserError
from ...dialects.onnx.budget import DEFAULT_ELEMENTS
from ...dialects.wellformed import verify_text
from .. import streams
from ..atomic_files import write_files
from ..exit_codes import DEFECT, FAILED, summary
from ..model_sizes import sizes_of
from ..pipelines import Timing, run_passes
from ..registry import DIALECTS, TARGETS, load
from ..show import print_remarks
from .arguments import add_arguments
from .errors import Source, describe
from .parser import LocatingParser
from .pipeline import parse_passes, parse_target
from .printing import DEFAULT_LIMIT, Dumps, elided, print_timing, write_reproducer

FRONTENDS = {".onnx": "onnx", ".tflite": "tflite", ".csv": "minimalloc"}
"""How a file is read, by its suffix; all others hold MLIR text."""

MODELS = ("onnx", "tflite")
"""Frontends whose inputs can have open sizes."""


class OptMain(xDSLOptMain):
    """One invocation. Raises UserError for options that are wrong, before it reads the input."""

    def __init__(self, arguments: Sequence[str], target: str):
        self.target = parse_target(target)
        self.timing = Timing()
        self.source = Source("<stdin>")
        self.stage: str | None = None
        super().__init__(args=arguments)
        self.source.name = self.args.input_file or "<stdin>"
        limit = self.args.elide_larger_than
        directory = self.args.print_ir_after_all_dir
        self.dumps = Dumps(
            self.args.print_ir_after_all,
            None if directory is None else Path(directory),
            DEFAULT_LIMIT if limit is None else limit,
            self.args.print_ir_diff,
        )

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        add_arguments(arg_parser)

    def register_all_dialects(self) -> None:
        for name, path in DIALECTS.items():
            self.ctx.register_dialect(name, partial(load, path))
        self.ctx.load_registered_dialect("builtin")  # the printer asks it about resources, even after an ONNX import

    def register_all_passes(self) -> None:
        """Passes are looked up in the tables when they are used: `setup_pipeline`."""

    def register_all_targets(self) -> None:
        self.available_targets = {name: partial(load, path) for name, path in TARGETS.items()}

    def register_all_frontends(self) -> None:
        self.available_frontends = {
            "mlir": self.read_mlir,
            "onnx": self.read_model,
            "tflite": self.read_model,
            "minimalloc": self.read_minimalloc,
        }

    def setup_pipeline(self) -> None:
        self.passes: list[ModulePass] = parse_passes(self.args.passes)

    def execute(self) -> int:
        """Read, transform and print every part of the input; returns the exit code. Raises OSError, MemoryError."""
        chunks, frontend = self.open_input()
        outputs: list[str] = []
        code = 0
        for index, (chunk, line_offset) in enumerate(chunks):
            self.source = Source(self.source.name, {}, line_offset)
            try:
                outputs.append(self.process(index, chunk, frontend))
            except (OSError, MemoryError):
                raise
            except Exception as error:
                if self.args.debug:
                    raise
                text = describe(error, self.source, self.stage)
                if self.is_expected(error):
                    outputs.append(text)
                else:
                    code = max(code, FAILED if is_diagnostic(error) else DEFECT)
                    sys.stderr.write(text)
        self.write("// -----\n".join(outputs), code != 0)
        if self.args.timing:
            print_timing(self.timing)
        return code

    def is_expected(self, error: Exception) -> bool:
        """Whether the user asked to see this error as output."""
        if self.args.verify_diagnostics:
            return is_diagnostic(error)
        return self.args.parsing_diagnostics and isinstance(error, ParseError)

    def open_input(self) -> tuple[list[tuple[IO[bytes], int]], str]:
        """The parts of the input with their first lines, and how to read them. Raises UserError for a missing file."""
        suffix = Path(self.args.input_file or "").suffix
        self.args.frontend = self.args.frontend or FRONTENDS.get(suffix, "mlir")
        if self.args.frontend != "mlir" and self.args.split_input_file:
            raise UserError(f"--split-input-file splits MLIR text; {self.source.name} is one {self.args.frontend} file")
        if self.args.frontend not in MODELS and (self.args.shape or self.args.dim or self.args.batch):
            raise UserError(f"--shape, --dim and --batch are for models; {self.source.name} is none")
        try:
            return self.prepare_input()
        except OSError as error:
            raise UserError(f"cannot read {self.source.name}: {error.strerror}") from None

    def process(self, index: int, chunk: IO[bytes], frontend: str) -> str:
        """The output for one part of the input."""
        self.stage = None
        with chunk, self.timing.measure("parse" if frontend == "mlir" else "import"):
            module = self.available_frontends[frontend](chunk)
        with self.timing.measure("verify"):
            if frontend == "mlir":
                verify_text(module, self.args.max_elements or DEFAULT_ELEMENTS)
            else:
                module.verify()
        self.run_all_passes(index, module)
        self.stage = f"target '{self.target.name}'"
        try:
            with self.timing.measure("print"):
                limit: int | None = self.args.elide_larger_than
                shown = elided(module, limit) if limit is not None and self.target.name == "mlir" else module
                return self.output_resulting_program(shown)
        except Exception as error:
            self.reproduce(module, [], error)
            raise

    def reproduce(self, before: ModuleOp | None, passes: Sequence[ModulePass], error: Exception) -> None:
        """Write the test of a failure that the user asked for, if it is more than a wrong input."""
        path = self.args.crash_reproducer
        if path is None or before is None or isinstance(error, UserError | OSError | MemoryError):
            return
        write_reproducer(Path(path), before, passes, str(self.target), f"{self.stage} failed with {summary(error)}")
        print(f"note: wrote {path}; run it with tinyml-opt as its first line says", file=sys.stderr)

    def run_all_passes(self, chunk: int, module: ModuleOp) -> None:
        """Run the passes; where one fails, write the reproducer."""
        done = 0
        before = module.clone() if self.args.crash_reproducer and self.passes else None
        self.dumps.start(module)

        def after(step: ModulePass, module: ModuleOp) -> None:
            nonlocal done, before
            done += 1
            with self.timing.measure("dump"):
                self.dumps.dump(chunk, done, step, module)
            before = None if before is None else module.clone()
            self.stage = f"pass '{self.passes[done].name}'" if done < len(self.passes) else None

        self.stage = f"pass '{self.passes[0].name}'" if self.passes else None
        try:
            run_passes(module, self.passes, self.timing, self.ctx, after, verify_each=True)
        except Exception as error:
            self.reproduce(before, self.passes[done:], error)
            raise

    def read_mlir(self, stream: IO[bytes]) -> ModuleOp:
        """Parse MLIR text."""
        limit = self.args.max_elements or DEFAULT_ELEMENTS
        parser = LocatingParser(self.ctx, stream.read().decode(), self.source.name, limit)
        self.source.spans = parser.spans
        return parser.parse_module(not self.args.no_implicit_module)

    def read_model(self, stream: IO[bytes]) -> ModuleOp:
        """Import a model: by path where there is one, since an ONNX one's weights may lie in files beside it."""
        from ...lowering.import_model import read_model

        source = stream.read() if self.args.input_file is None else Path(self.args.input_file)
        imported = read_model(
            source, sizes=sizes_of(self.args), max_elements=self.args.max_elements or DEFAULT_ELEMENTS
        )
        print_remarks(imported.remarks)
        return imported.module

    def read_minimalloc(self, stream: IO[bytes]) -> ModuleOp:
        """Import an instance of MiniMalloc."""
        from ...lowering.import_minimalloc import import_minimalloc

        try:
            text = stream.read().decode()
        except UnicodeDecodeError:
            raise UserError(f"{self.source.name} is not text") from None
        return import_minimalloc(text, Path(self.source.name).stem)

    def write(self, text: str, failed: bool) -> None:
        """Write the output; a file is only touched by a run without errors."""
        if self.args.output_file is None:
            streams.write(text)
        elif not failed:
            write_files({Path(self.args.output_file): text})


def is_diagnostic(error: Exception) -> bool:
    """True for what is said about an input; anything else is a defect of this program."""
    return isinstance(error, DiagnosticException | ParseError | UserError | UnicodeDecodeError)
