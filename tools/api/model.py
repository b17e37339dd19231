"""`tinyml_opt.load(path)`: a model, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp

from ...dialects.errors import UserError
from ...lowering.import_onnx.sizes import Sizes
from ..compiler import compile_model, read
from ..compiling.options import CodeForm, Options, SearchOptions
from .data import Data, Files, dataset_from
from .program import Program

if TYPE_CHECKING:
    import onnx

    from ..analyze import Analysis
    from ..verifying.verdict import Verification


class Choices(TypedDict, total=False):
    """What may be chosen of a compilation; `tools/compiling/options.py` says what each means."""

    calibration: Data | None
    bits: Literal[8, 16]
    scheme: Literal["affine", "pow2"]
    stream: bool
    input: Literal["caller", "arena", "rows", "steps"]
    ram: int | None
    memories: bool
    stack: int | None
    max_elements: int | None
    effort: int
    shapes: Mapping[str, Sequence[int]]
    dims: Mapping[str, int]
    batch: int | None
    method: Literal["minmax", "percentile", "mse", "entropy"]
    percentile: float
    types: Path | None
    states: str
    search: SearchOptions | None
    asm: bool
    packed: str
    objective: Literal["speed", "ram", "flash"]
    arithmetic: Literal["exact", "tflite"]
    flash: int | None
    cycles: int | None
    form: CodeForm


@dataclass(frozen=True)
class Model:
    """An ONNX model, by its file or its bytes; nothing is read before it is needed.

    A float model needs calibration data, typical inputs, wherever its integers matter. Every method raises UserError
    for what the caller can mend, with all reasons at once (`reasons`).
    """

    source: Path | bytes = field(repr=False)
    name: str
    _files: Files = field(default_factory=Files, repr=False, compare=False)

    def compile(self, board: str | Path, **choices: Unpack[Choices]) -> Program:
        """The program for a board: a name of `tinyml boards`, or the path of a board's file."""
        return Program(compile_model(self.options(board, **choices)))

    def analyze(self, board: str | Path, **choices: Unpack[Choices]) -> Analysis:
        """What the model needs on a board; without calibration data ranges are made up, which changes no size."""
        return Program(compile_model(self.options(board, sizes_only=True, **choices))).analyze()

    def verify(self, board: str | Path, x: Data, **choices: Unpack[Choices]) -> Verification:
        """Both verdicts on the program, on the rows `x`; see `Program.verify`."""
        return self.compile(board, **choices).verify(x)

    def run(self, x: Data, **choices: Unpack[Choices]) -> dict[str, NDArray[Any]]:
        """The outputs of the model itself in float32, by name, (rows, *shape in the model)."""
        from ...targets.executors.onnx import OnnxExecutor
        from ..compiling.compilation import input_types

        module = self.read(**choices)
        names = list(input_types(module))
        dataset = dataset_from(x, input_types(module))
        outputs = OnnxExecutor(module).run({name: dataset.inputs[name] for name in names}).outputs
        return dict(outputs)

    def read(self, **choices: Unpack[Choices]) -> ModuleOp:
        """The model in the `onnx` dialect, an xDSL module of its own."""
        return read(self.options("host", **choices)).module

    def options(self, board: str | Path, sizes_only: bool = False, **choices: Unpack[Choices]) -> Options:
        """The options of the compiler. Raises UserError for a choice that there is not."""
        given: dict[str, Any] = dict(choices)
        shapes = {name: tuple(shape) for name, shape in given.pop("shapes", {}).items()}
        sizes = Sizes(shapes, dict(given.pop("dims", {})), given.pop("batch", None))
        calibration = self._files.path(given.pop("calibration", None))
        known = {f.name for f in fields(Options)} - {"model", "board", "sizes", "sizes_only", "calibration"}
        unknown = sorted(set(given) - known)
        if unknown:
            raise UserError(f"no choice {', '.join(unknown)}; there are {', '.join(sorted(Choices.__annotations__))}")
        made_up = sizes_only and calibration is None
        return Options(self.source, str(board), calibration, sizes=sizes, sizes_only=made_up, name=self.name, **given)


def load(source: str | Path | bytes | onnx.ModelProto | Model, name: str | None = None) -> Model:
    """A model from a file, the bytes of one, or an `onnx.ModelProto`.

    `name` is what generated files are called; by default it is the file's, or `model`. Raises UserError where there is
    no such file; what is in it is looked at later.
    """
    if isinstance(source, Model):
        return source
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise UserError(f"{path}: no such model file")
        return Model(path, name or path.stem)
    return Model(source if isinstance(source, bytes) else source.SerializeToString(), name or "model")
