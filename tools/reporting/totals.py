"""An analysis in a few lines: RAM, flash and work against the board."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...dialects.harmless import in_html
from ..fit import flash_error, flash_excess
from .html import html_table

if TYPE_CHECKING:
    from ..analyze import Analysis

Total = tuple[str, object, str]
"""A figure, its value, what is to be said of it."""


def totals(analysis: Analysis) -> list[Total]:
    """All figures, RAM first."""
    return [*ram(analysis), *streams(analysis), *others(analysis)]


def totals_html(analysis: Analysis) -> str:
    """The same as a table, with what keeps the model from the board."""
    title = f"{analysis.model} on {analysis.board}"
    reasons = "".join(f"<p>does not fit: {in_html(reason)}</p>" for reason in analysis.misfit)
    return html_table(title, ("figure", "value", "remark"), totals(analysis)) + reasons


def ram(analysis: Analysis) -> Iterator[Total]:
    """What the model needs of RAM."""
    over = analysis.peak_ram_bytes - analysis.ram_limit_bytes
    limit = f"{analysis.ram_limit_bytes:,}"
    share = f"{100 * analysis.peak_ram_bytes / max(1, analysis.ram_limit_bytes):.1f} % of {limit}"
    fits = f"does not fit: {over:,} bytes more than {limit}" if over > 0 else share
    yield "peak RAM", analysis.peak_ram_bytes, f"{fits}; at '{analysis.peak_node}'"
    yield "  lower bound", analysis.lower_bound_bytes, "no placement of these buffers in this order needs less"
    arena = "the least, proven" if analysis.plan["proven"] else "not proven to be the least"
    if not analysis.plan["proven"] and analysis.plan.get("fit", {}).get("fits"):
        arena = "it fits: no smaller one was looked for"
    memories = analysis.plan.get("memories", {})
    yield "  arenas" if memories else "  arena", analysis.arena_bytes, f"static, in NAME.c; {arena}"
    for name, memory in memories.items():
        yield f"    in {name}", memory["peak"], f"{100 * memory['peak'] / memory['size']:.1f} % of {memory['size']:,}"
    yield "  input and output", analysis.io_bytes, "the caller's"
    if analysis.state_bytes:
        yield "  state", analysis.state_bytes, "what lasts from call to call"
    if analysis.padding_bytes:
        yield "  padding", analysis.padding_bytes, "between static arrays"
    yield "stack reserve", analysis.stack_reserve_bytes, f"beside these, of {analysis.board_ram_bytes:,}"


def streams(analysis: Analysis) -> Iterator[Total]:
    """What runs in slices, and what comes in rows."""
    stream = analysis.plan.get("stream")
    if stream is not None:
        saved = f"whole tensors in this order: {analysis.plan['schedule']['peak']:,} bytes alive"
        yield "streamed forms", stream["forms"], f"of {len(analysis.rows)}, in {stream['slices']:,} slices; {saved}"
    if analysis.input_rows:
        how = "the caller delivers one at a time: "
        yield "rows of input", analysis.input_rows, how + ("NAME_step" if analysis.in_steps else "NAME_push_row")


def others(analysis: Analysis) -> Iterator[Total]:
    """Flash and work."""
    over, error = flash_excess(analysis), flash_error(analysis)
    remark = f"{100 * analysis.flash_bytes / analysis.board_flash_bytes:.1f} % of {analysis.board_flash_bytes:,}"
    if over > error:
        remark = f"does not fit: about {over:,} bytes more than {analysis.board_flash_bytes:,}"
    elif over > -error:
        remark += "; only the linked program shows whether it fits"
    yield "flash", analysis.flash_bytes, remark
    yield "  constants", analysis.constant_bytes, "in NAME.c, with their padding"
    yield "  code", analysis.code_bytes, f"an estimate, as of {analysis.code_measured}"
    yield "MACs", analysis.macs, "multiply-accumulates per inference"
    error = f"off by {analysis.cycle_error:g} % in the mean of models that were measured"
    off = f"an estimate, as of {analysis.cycles_core}: {error if analysis.cycle_error else 'not measured there'}"
    time = f"{1000 * analysis.cycles / analysis.clock_hz:,.3f} ms; " if analysis.clock_hz else ""
    yield "cycles", analysis.cycles, time + off
    yield from gain(analysis)


def gain(analysis: Analysis) -> Iterator[Total]:
    """What tiles gain in cycles, and what they take of RAM."""
    fit = analysis.plan.get("fit", {})
    if fit.get("scratch") or fit.get("cycles", 0) < fit.get("plain_cycles", 0):
        more = analysis.arena_bytes - fit["plain_peak"]
        saved = f"{fit['plain_cycles'] / max(1, fit['cycles']):.1f} times fewer cycles than without tiles"
        yield (
            "  scratch memory",
            fit["scratch"],
            f"of tiles, at most; {saved}, whole tensors, for {more:+,} bytes of RAM",
        )
