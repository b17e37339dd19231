"""`analyze --html`: one page, without scripts and without anything from a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...dialects.harmless import in_html
from ...passes.fixed.calibrate import the_function
from ..explaining.redistribution import redistribution
from ..front import Point, front
from ..memory_map import COLUMNS, Plan, plan_before, table
from .arena_svg import arena_svg
from .document import Section, document
from .html import html_table
from .op_table import OPS, WITH_SNR, op_rows, snr_text
from .redistribution import redistribution_html
from .totals import totals

if TYPE_CHECKING:
    from ..analyze import Analysis
    from ..compiling.compilation import Compilation
    from ..verifying.node_table import NodeRow


def page(compilation: Compilation, analysis: Analysis, nodes: Sequence[NodeRow], command: str) -> str:
    """The page of a model on a board; `nodes` compare with the model's own values, where there are data."""
    verdict = '<p class="good">It fits.</p>'
    if analysis.misfit:
        verdict = "".join(f'<p class="bad">Does not fit: {in_html(reason)}</p>' for reason in analysis.misfit)
    sections = list(parts(compilation, analysis, nodes))
    return document(f"{analysis.model} on {analysis.board}", verdict, sections, command)


def parts(compilation: Compilation, analysis: Analysis, nodes: Sequence[NodeRow]) -> Iterator[Section]:
    """What the page shows, in this order."""
    after = Plan(the_function(compilation.memplan))
    yield Section(
        "figures", "Figures", html_table("Against the board", ("figure", "value", "remark"), totals(analysis))
    )
    figure = arena_svg(after, analysis.plan["peak"], analysis.plan["lower_bound"])
    yield Section("arena", "The arena over time", figure)
    yield Section(
        "ops",
        "Op by op",
        html_table("What each op takes", WITH_SNR if nodes else OPS, [*op_rows(compilation, analysis, nodes)]),
    )
    lines = table(plan_before(compilation), after, analysis.peak_ram_bytes)
    cells = [tuple("" if line.get(c) is None else line.get(c) for c in COLUMNS) for line in lines]
    names = [name.replace("_", " ") for name in COLUMNS]
    yield Section("memory", "Memory map", html_table("Bytes during each op, before and after planning", names, cells))
    if nodes:
        yield Section("accuracy", "Accuracy", html_table("Against the model's own values", NODES, [*node_rows(nodes)]))
    yield Section("plans", "Other plans", html_table("What no other plan beats", PLANS, plan_rows(front(compilation))))
    early = redistribution_html(redistribution(compilation), analysis.arena_bytes)
    yield Section("redistribution", "Early layers", early)


NODES = ("node", "SNR, dB", "greatest distance, steps", "saturated", "type")
PLANS = ("RAM", "cycles (about)", "flash", "plan", "options")


def node_rows(nodes: Sequence[NodeRow]) -> Iterator[tuple[object, ...]]:
    """A row per node, in the order of execution."""
    for row in nodes:
        d = row.distance
        far = "not finite" if d.greatest is None else f"{d.greatest:.2f}"
        yield row.node.name, snr_text(row), far, row.saturated, row.type


def plan_rows(points: Sequence[Point]) -> list[tuple[object, ...]]:
    """The plans of the front."""
    return [(p.ram, p.cycles, p.flash, p.way, p.options) for p in points]
