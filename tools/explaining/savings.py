"""What the next step would save: other options are tried, and what weights of 4 bits would take is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...dialects.dense import to_numpy
from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.layout import Encoding, LayoutAttr, encode
from ...targets.core import core_of
from ..analyze import Analysis, analyze
from ..compiler import compile_model
from ..compiling.compilation import Compilation
from ..constants import kind_of, stored_bytes

WAYS: dict[str, dict[str, Any]] = {
    "--bits 8": {"bits": 8},
    "--scheme pow2": {"scheme": "pow2"},
    "--input arena": {"input": "arena"},
    "--input rows": {"input": "rows"},
    "--stream": {"stream": True},
}
"""Options that are tried, if the model does not have them already."""

FORMS_TRIED = 100
"""Beyond so many forms nothing is tried: it would take too long."""

LEAST_WEIGHTS = 128
"""Bytes of weights from which on 4 bits are a step worth naming."""


@dataclass(frozen=True)
class Saving:
    """What a step saves, in bytes of RAM and of flash, and in cycles; below 0 where it costs some.

    `note` says what it takes beside the option.
    """

    step: str
    ram: int
    flash: int
    cycles: int
    note: str = ""


def savings(compilation: Compilation, analysis: Analysis) -> list[Saving]:
    """Steps that save RAM or flash, the most bytes first."""
    if len(analysis.rows) > FORMS_TRIED:
        return []
    found = [*options_tried(compilation, analysis), *narrower_weights(compilation)]
    return sorted(found, key=lambda saving: -max(saving.ram, saving.flash))


def options_tried(compilation: Compilation, analysis: Analysis) -> Iterator[Saving]:
    """Other options; the model is compiled with each."""
    options = compilation.options
    for flag, change in WAYS.items():
        other = replace(options, **change)
        if other == options or (options.input != "caller" and "input" in change):
            continue
        try:
            tried = compile_model(replace(other, sizes_only=options.calibration is None))
            said = analyze(tried)
        except UserError:
            continue
        ram = analysis.peak_ram_bytes - said.peak_ram_bytes
        flash = analysis.flash_bytes - said.flash_bytes
        if ram > 0 or flash > 0:
            note = "other integers: see `tinyml verify`" if "bits" in change or "scheme" in change else ""
            yield Saving(flag, ram, flash, analysis.cycles - said.cycles, note)


def narrower_weights(compilation: Compilation) -> Iterator[Saving]:
    """What the largest weights would take as integers of 4 bits."""
    core, found = core_of(compilation.board), list[Saving]()
    for constant in compilation.memplan.walk():
        if not core.layout_cycles or not isinstance(constant, ConstantOp) or kind_of(constant) != "parameter":
            continue
        values, now = to_numpy(constant.value), stored_bytes(constant)
        if values.ndim < 2 or now < LEAST_WEIGHTS or values.dtype.itemsize > 1:
            continue
        axis = values.ndim - 1 if constant.layout is None else constant.layout.axis.value.data
        narrow = values // 16
        layouts = (LayoutAttr(encoding, axis) for encoding in (Encoding.PACKED4, Encoding.NIBBLES))
        saved = now - min(len(encode(narrow, layout).data) for layout in layouts)
        if saved > 0:
            name = "weights" if constant.node is None else constant.node.data
            found.append(Saving(f"{name} in 4 bits", 0, saved, 0, "by --types or --search"))
    yield from sorted(found, key=lambda saving: -saving.flash)[:3]
