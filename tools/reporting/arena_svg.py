"""The arena over time as SVG text: every buffer, or row of one, a box from its first to its last step.

Colours come from the classes `c0` to `c8` and `axis` of the page around it, so that light and dark pages each have
their own; alone, as in a notebook, the figure brings Paul Tol's "light" scheme, which carries black text.
"""

from __future__ import annotations

from ...dialects.harmless import in_html
from ...dialects.memplan.liveness import is_split
from ..memory_map import Plan

WIDTH, HEIGHT = 720, 320
LEFT, TOP, BOTTOM = 64, 12, 28
PALETTE = ("#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00", "#dddddd")
MOST_BOXES = 4000
"""Rows of larger plans are drawn as the tensors that they belong to."""
LABEL_WIDTH, LABEL_HEIGHT = 7, 12
"""Room for a character of a label, in units of the figure."""


def arena_svg(plan: Plan, peak: int, bound: int) -> str:
    """The figure of a placed plan; `peak` and `bound` in bytes. Boxes have titles, which browsers show."""
    steps = max(1, len(plan.liveness.steps))
    across, up = (WIDTH - LEFT - 8) / steps, (HEIGHT - TOP - BOTTOM) / max(1, peak)
    floor = HEIGHT - BOTTOM
    names = list(dict.fromkeys(life.root for life in plan.lives))
    numbers = {root: number % len(PALETTE) for number, root in enumerate(names)}
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="The arena over time: {peak:,} bytes in '
        f'{steps} steps" style="max-width:100%;height:auto" xmlns="http://www.w3.org/2000/svg" font-size="10" '
        'font-family="sans-serif">'
    ]
    for life, offset in list(zip(plan.lives, plan.offsets.tolist(), strict=True))[:MOST_BOXES]:
        first, last = max(0, life.first), min(life.last, steps - 1) + 1
        x, width = LEFT + first * across, (last - first) * across
        y, height = floor - (offset + life.size) * up, life.size * up
        name = life.name.rpartition("[")[0] if is_split(life.root) else life.name
        told = f"{life.name}: {life.size:,} bytes at {offset:,}, steps {first} to {last - 1}"
        colour = numbers[life.root]
        parts.append(
            f'<g><title>{in_html(told)}</title><rect class="c{colour}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" fill="{PALETTE[colour]}" stroke="#fff" stroke-width=".5"/>'
        )
        if height > LABEL_HEIGHT and width > LABEL_WIDTH * len(name):
            middle = f'x="{x + width / 2:.1f}" y="{y + height / 2 + 4:.1f}"'
            parts.append(f'<text {middle} text-anchor="middle" fill="#000">{in_html(name)}</text>')
        parts.append("</g>")
    return "".join([*parts, *axes(peak, bound, steps, up), "</svg>"])


def axes(peak: int, bound: int, steps: int, up: float) -> list[str]:
    """The peak, the lower bound, and what the axes count."""
    floor = HEIGHT - BOTTOM
    marks = {peak: f"{peak:,}", 0: "0"} if bound == peak else {peak: f"{peak:,}", bound: f"{bound:,}", 0: "0"}
    dashes = ' stroke-dasharray="5 4"'
    lines = [
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - 8}" y1="{floor - value * up:.1f}" y2="{floor - value * up:.1f}" '
        f'stroke="currentColor" stroke-width="1"{dashes if 0 < value < peak else ""}/>'
        f'<text class="axis" x="{LEFT - 4}" y="{floor - value * up + 4:.1f}" text-anchor="end" fill="currentColor">'
        f"{text}</text>"
        for value, text in marks.items()
    ]
    below = f"bytes; {steps} steps from left to right" + ("; dashed: lower bound" if bound < peak else "")
    return [
        *lines,
        f'<text class="axis" x="{LEFT}" y="{HEIGHT - 8}" fill="currentColor">{below}</text>',
    ]
