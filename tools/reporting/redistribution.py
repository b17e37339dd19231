"""The early layers of a network in HTML: what patches of them cost, and what other kernels and strides would save."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...dialects.harmless import in_html
from ...passes.memplan.patching.plan import spell
from .html import html_table

if TYPE_CHECKING:
    from ..explaining.redistribution import Redistribution

LAYERS = ("layer", "window", "stride", "field, rows", "MACs", "again", "again, %", "bytes in a patch", "bytes of rows")
CHANGES = ("RAM", "RAM saved", "MACs again", "MACs saved", "change")

MOST_CHANGES = 12


def redistribution_html(found: Redistribution, arena_bytes: int) -> str:
    """The report, or why there is none."""
    if found.reason:
        return f"<p>No stage in patches needs less RAM: {in_html(found.reason)}.</p>"
    share = f"{100 * found.macs_again / max(1, found.macs):.0f} %"
    told = (
        f"Computed in patches of a {found.grid} grid up to {found.stage}, the early layers need {found.ram:,} bytes of "
        f"buffers instead of {found.before:,}, and {found.macs_again:,} MACs again ({share} of theirs): what the "
        f"windows reach beyond a patch. The plan of this program has an arena of {arena_bytes:,} bytes."
    )
    layers = [
        (c.name, spell(c.window), c.stride, c.field, c.macs, c.again, share_of(c.again, found.macs_again))
        + (c.patch_bytes, c.stream_bytes)
        for c in found.layers
    ]
    good = [c for c in found.changes if c.saves_ram > 0 or c.saves_macs > 0][:MOST_CHANGES]
    rows = [(c.ram, c.saves_ram, c.macs_again, c.saves_macs, c.change) for c in good]
    first = html_table("Who makes the halo: rows of each layer behind one row of the last", LAYERS, layers)
    if not rows:
        return f"<p>{in_html_long(told)}</p>{first}<p>No kernel or stride elsewhere saves RAM or MACs.</p>"
    second = html_table("What redistributing the receptive field would save, from shapes alone", CHANGES, rows)
    return f"<p>{in_html_long(told)}</p>{first}{second}"


def share_of(part: int, whole: int) -> str:
    """A share of what is computed again."""
    return f"{100 * part / whole:.1f}" if whole else "0"


def in_html_long(text: str) -> str:
    """A paragraph, word by word: a name in it is shortened, the paragraph is not."""
    return " ".join(map(in_html, text.split(" ")))
