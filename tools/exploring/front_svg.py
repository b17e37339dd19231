"""Candidates of a board as points: RAM along x, accuracy or SNR along y, cycles where all are equally good."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...dialects.harmless import in_html
from .result import Result, quality_of

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 300, 70, 40, 30


def front_svg(fitting: Sequence[Result], front: Sequence[Result], board: str) -> str:
    """The figure; filled points are on the front. Each point has its figures and options as a title."""
    quality = quality_of(fitting)
    heights = [height(result, quality) for result in fitting]
    if len(set(heights)) == 1:  # what tells candidates apart is then something else
        quality = ""
        heights = [height(result, quality) for result in fitting]
    top = max((h for h in heights if math.isfinite(h)), default=1.0)
    heights = [min(h, top) for h in heights]
    sizes = [float(result.ram_bytes or 0) for result in fitting]
    best = {result.key for result in front}
    label = {"accuracy": "accuracy, %", "snr": "SNR, dB"}.get(quality, "cycles")
    points = "".join(
        circle(result, place(x, sizes, LEFT, WIDTH - 20), place(y, heights, HEIGHT - BOTTOM, TOP), result.key in best)
        for result, x, y in zip(fitting, sizes, heights, strict=True)
    )
    name = in_html(f"{label} over RAM on {board}")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}" width="100%" font-size="12" '
        f'fill="currentColor"><text x="{LEFT}" y="16">{name}</text>'
        f'<path d="M{LEFT - 10} {TOP - 10}V{HEIGHT - BOTTOM + 10}H{WIDTH - 10}" stroke="currentColor" fill="none"/>'
        f"{ticks(heights, sizes)}{points}</svg>"
    )


def height(result: Result, quality: str) -> float:
    """What is drawn upwards."""
    if quality == "accuracy":
        return 100 * (result.accuracy or 0.0)
    return (result.snr() or 0.0) if quality == "snr" else float(result.cycles or 0)


def place(value: float, values: Sequence[float], start: float, end: float) -> float:
    """A value between the ends of an axis, in pixels; in the middle where all are equal."""
    low, high = min(values), max(values)
    return start + (end - start) * ((value - low) / (high - low) if high > low else 0.5)


def ticks(heights: Sequence[float], sizes: Sequence[float]) -> str:
    """The least and the greatest value of each axis."""
    found: list[str] = []
    for value in sorted({min(heights), max(heights)}):
        y = place(value, heights, HEIGHT - BOTTOM, TOP) + 4
        found.append(f'<text x="{LEFT - 14}" y="{y:.1f}" text-anchor="end">{value:,.6g}</text>')
    for value in sorted({min(sizes), max(sizes)}):
        x = place(value, sizes, LEFT, WIDTH - 20)
        found.append(f'<text x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{value:,.0f}</text>')
    return "".join(found)


def circle(result: Result, x: float, y: float, is_best: bool) -> str:
    """A point."""
    title = f"{result.model} {result.options}: {result.ram_bytes:,} bytes of RAM, {result.flash_bytes:,} of flash"
    inside = "currentColor" if is_best else "none"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{inside}" stroke="currentColor" opacity="0.8">'
        f"<title>{in_html(title)}</title></circle>"
    )
