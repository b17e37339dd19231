"""`analyze --html`: one page, without scripts and without anything from a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from ... import __version__
from ...dialects.fixed.types import QType
from ...dialects.harmless import in_html
from ...passes.fixed.calibrate import the_function
from ..front import Point, front
from ..memory_map import COLUMNS, Plan, plan_before, table
from .arena_svg import arena_svg
from .html import html_table
from .totals import totals

if TYPE_CHECKING:
    from ..analyze import Analysis
    from ..compiler import Compilation
    from ..verifying.node_table import NodeRow


@dataclass(frozen=True)
class Section:
    """A part of the page: what links to it, its heading, its body in HTML."""

    id: str
    heading: str
    body: str

    def html(self) -> str:
        """The section; what is wider than the page scrolls by itself, with the keyboard too."""
        region = f'<div class="wide" tabindex="0" role="region" aria-label="{self.heading}">{self.body}</div>'
        return f'<section id="{self.id}"><h2>{self.heading}</h2>{region}</section>'


def page(compilation: Compilation, analysis: Analysis, nodes: Sequence[NodeRow], command: str) -> str:
    """The page of a model on a board; `nodes` compare with the model's own values, where there are data."""
    title = in_html(f"{analysis.model} on {analysis.board}")
    style = files(f"{__package__}").joinpath("page.css").read_text(encoding="utf-8")
    sections = list(parts(compilation, analysis, nodes))
    links = "".join(f'<a href="#{section.id}">{section.heading}</a>' for section in sections)
    verdict = '<p class="good">It fits.</p>'
    if analysis.misfit:
        verdict = "".join(f'<p class="bad">Does not fit: {in_html(reason)}</p>' for reason in analysis.misfit)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{style}</style></head><body><main><h1>{title}</h1>{verdict}<nav>{links}</nav>"
        f"{''.join(section.html() for section in sections)}"
        f"<section><h2>Command</h2><pre>{in_html(command)}</pre><p>tinyml-opt {__version__}</p></section>"
        "</main></body></html>\n"
    )


def parts(compilation: Compilation, analysis: Analysis, nodes: Sequence[NodeRow]) -> Iterator[Section]:
    """What the page shows, in this order."""
    after = Plan(the_function(compilation.memplan))
    yield Section(
        "figures", "Figures", html_table("Against the board", ("figure", "value", "remark"), totals(analysis))
    )
    figure = arena_svg(after, analysis.plan["peak"], analysis.plan["lower_bound"])
    yield Section("arena", "The arena over time", figure)
    yield Section("ops", "Op by op", html_table("What each op takes", OPS, [*op_rows(analysis)]))
    lines = table(plan_before(compilation), after, analysis.peak_ram_bytes)
    cells = [tuple("" if line.get(c) is None else line.get(c) for c in COLUMNS) for line in lines]
    yield Section("memory", "Memory map", html_table("Bytes during each op, before and after planning", COLUMNS, cells))
    if nodes:
        yield Section("accuracy", "Accuracy", html_table("Against the model's own values", NODES, [*node_rows(nodes)]))
    yield Section("plans", "Other plans", html_table("What no other plan beats", PLANS, plan_rows(front(compilation))))


OPS = ("op", "form", "output", "MACs", "cycles (about)", "output bytes", "constant bytes", "live bytes")
NODES = ("node", "SNR, dB", "greatest distance, steps", "saturated", "type")
PLANS = ("RAM", "cycles (about)", "flash", "plan", "options")


def op_rows(analysis: Analysis) -> Iterator[tuple[object, ...]]:
    """A row per op."""
    for r in analysis.rows:
        shape = "x".join(map(str, r.output_shape))
        yield r.node, r.kind, shape, r.macs, r.cycles, r.output_bytes, r.constant_bytes, r.live_bytes


def node_rows(nodes: Sequence[NodeRow]) -> Iterator[tuple[object, ...]]:
    """A row per node, in the order of execution."""
    for row in nodes:
        d, element = row.distance, row.node.element
        snr = "equal" if d.equal else "none" if d.snr_db is None else f"{d.snr_db:.1f}"
        far = "not finite" if d.greatest is None else f"{d.greatest:.2f}"
        type = f"{element.storage}, scale {element.scale:.4g}" if isinstance(element, QType) else str(element)
        yield row.node.name, snr, far, row.saturated, type


def plan_rows(points: Sequence[Point]) -> list[tuple[object, ...]]:
    """The plans of the front."""
    return [(p.ram, p.cycles, p.flash, p.way, p.options) for p in points]
