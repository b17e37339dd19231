"""Models for benchmarks of sizes: the project's own and those of folders, compiled in several ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..compiler import compile_model
from ..compiling.compilation import Compilation
from ..compiling.options import Options

OWN = Path(__file__).parents[2] / "examples" / "digits"
"""A folder of the source tree; the installed package has none."""

WAYS: dict[str, dict[str, Any]] = {
    "whole": {"ram": 1 << 30},
    "streamed": {"stream": True},
    "input in the arena": {"stream": True, "input": "arena"},
    "input by rows": {"input": "rows"},
    "16 bits": {"ram": 1 << 30, "bits": 16},
    "powers of two": {"ram": 1 << 30, "scheme": "pow2"},
}
"""Options of the compiler, by name."""


@dataclass(frozen=True)
class Sample:
    """A model and its calibration data, where there are any."""

    name: str
    model: Path
    calibration: Path | None

    def compile(self, board: str, **options: Any) -> Compilation:
        """The model for a board. Raises UserError."""
        made_up = self.calibration is None
        return compile_model(Options(self.model, board, self.calibration, sizes_only=made_up, **options))


def samples(folders: Iterable[Path], calibrations: Path | None = None) -> Iterator[Sample]:
    """The project's models, then every .onnx file below the folders.

    Calibration data are `calib.npz` beside a model, or the file of the model's name in the folder `calibrations`.
    """
    for folder in (OWN, *folders):
        for path in sorted(folder.rglob("*.onnx")):
            beside = [path.parent / "calib.npz"]
            beside += [] if calibrations is None else [calibrations / f"{path.stem}.npz"]
            name = path.stem if path.stem not in ("model", "model_unrolled") else f"{path.parent.name}/{path.stem}"
            yield Sample(name, path, next((file for file in beside if file.is_file()), None))
