"""A model file of any kind as a module of the `onnx` dialect."""

from __future__ import annotations

from pathlib import Path

from ..dialects.onnx.budget import DEFAULT_ELEMENTS
from .import_onnx.importer import Imported
from .import_onnx.sizes import Sizes
from .import_tflite.model_file import is_tflite


def read_model(
    source: str | Path | bytes,
    name: str | None = None,
    sizes: Sizes | None = None,
    max_elements: int = DEFAULT_ELEMENTS,
) -> Imported:
    """Read an ONNX or a TFLite file, told apart by what is in it. Raises UserError with every reason against it."""
    if is_tflite(source):
        from .import_tflite.importer import read_tflite

        return read_tflite(source, name, sizes, max_elements)
    from .import_onnx import importer

    return importer.read_model(source, name, sizes, max_elements)
