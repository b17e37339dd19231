"""A compiled model: every level, its sizes, its outputs, the files that a firmware takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from ... import __version__
from ...dialects.errors import UserError
from ...targets.ports import input_ports, output_ports, to_real, to_stored
from ..compiling.compilation import Compilation, input_types
from ..progress import doing
from .data import Data, dataset_from

if TYPE_CHECKING:
    from ...targets.dataset import Dataset
    from ...targets.firmware import GeneratedModel
    from ..analyze import Analysis
    from ..simulate import Simulation
    from ..verify import Comparison
    from ..verifying.verdict import Verification


@dataclass(frozen=True)
class Program:
    """What `compile` has made; `compilation` has the module of each level (`.onnx`, `.fixed`, `.memplan`, `.emitc`)."""

    compilation: Compilation

    @property
    def name(self) -> str:
        """The model's name, a C identifier."""
        return self.compilation.name

    @cached_property
    def analysis(self) -> Analysis:
        """RAM, flash and work, and all that keeps the model from the board, with what would help."""
        from ..advice import advised
        from ..analyze import analyze

        return advised(self.compilation, analyze(self.compilation))

    def analyze(self) -> Analysis:
        """The same as `analysis`."""
        return self.analysis

    def dataset(self, x: Data, limit: int | None = None) -> Dataset:
        """Rows for this model, at most `limit`. Raises UserError."""
        dataset = dataset_from(x, input_types(self.compilation.onnx))
        return dataset if limit is None else dataset.head(limit)

    def run(self, x: Data) -> dict[str, NDArray[Any]]:
        """The outputs of the integer program in real units, by name, (rows, *shape in the model).

        They are computed in numpy; compiled code and simulators give the same integers.
        """
        from ...targets.executors.fixed import FixedExecutor

        function = self.compilation.function
        stored = to_stored(self.dataset(x), input_ports(function))
        outputs = FixedExecutor(self.compilation.fixed).run(stored).outputs
        return to_real(outputs, output_ports(function))

    def simulate(self, x: Data) -> Simulation:
        """The firmware in the board's simulator. Raises UserError where it does not fit, or a tool is missing."""
        from ..fit import refuse_misfit
        from ..simulate import simulate

        refuse_misfit(self.analysis)
        dataset = self.dataset(x)
        with doing(f"building, then running {len(dataset):,} rows on {self.compilation.board.name}"):
            return simulate(self.compilation, dataset)

    def verify(
        self, x: Data, comparison: Comparison | None = None, hls: bool = False, rtl: str | None = None
    ) -> Verification:
        """Is the program exact (all levels give the same integers), and close (to the model)?"""
        from ..verify import verify

        dataset = self.dataset(x)
        with doing(f"comparing all levels on {len(dataset):,} rows"):
            return verify(self.compilation, dataset, hls, comparison, rtl)

    def files(
        self, target: Literal["c", "hls"] = "c", package: str | None = None, self_test: bool = False
    ) -> dict[str, str]:
        """The text of each file by its name, or its path in a package of `tinyml compile --package`.

        A model that does not fit its board is refused with a UserError.
        """
        from ..fit import refuse_misfit

        refuse_misfit(self.analysis)
        if target == "hls":
            return self.compilation.hls_files()
        model = self.compilation.generated()
        tests = self._self_test(model) if self_test or package is not None else {}
        if package is None:
            return {**model.texts, **tests}
        from ...targets.packages.layout import Facts, package_files

        board, found = self.compilation.board, self.analysis
        facts = Facts(board.name, found.peak_ram_bytes, found.flash_bytes, __version__)
        return package_files(package, model, tests, facts)

    def _self_test(self, model: GeneratedModel) -> dict[str, str]:
        from ...targets.self_test import self_test_files
        from .vectors import vector_of

        if model.is_single:
            raise UserError("--single-file is one file: leave it out for --self-test and --package")
        if self.compilation.options.form.hooks:
            raise UserError("--profile calls functions that you define: leave it out for --self-test and --package")
        return self_test_files(model, *vector_of(self.compilation))

    def write(
        self,
        folder: str | Path,
        target: Literal["c", "hls"] = "c",
        package: str | None = None,
        self_test: bool = False,
    ) -> list[Path]:
        """Write the files into a folder, which is made; all of them or, with a UserError, none. Their paths."""
        from ..atomic_files import write_files

        found = self.files(target, package, self_test)
        texts: Mapping[Path, str] = {Path(folder) / name: text for name, text in found.items()}
        write_files(texts, make_folders=True)
        return list(texts)

    def _repr_html_(self) -> str:
        from ...passes.fixed.calibrate import the_function
        from ..memory_map import Plan
        from ..reporting.arena_svg import arena_svg
        from ..reporting.totals import totals_html

        found = self.analysis.plan
        figure = arena_svg(Plan(the_function(self.compilation.memplan)), found["peak"], found["lower_bound"])
        return totals_html(self.analysis) + figure
