"""A page of its own, without scripts and without anything from a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from ... import __version__
from ...dialects.harmless import in_html


@dataclass(frozen=True)
class Section:
    """A part of a page: what links to it, its heading, its body in HTML."""

    id: str
    heading: str
    body: str

    def html(self) -> str:
        """The section; what is wider than the page scrolls by itself, with the keyboard too."""
        region = f'<div class="wide" tabindex="0" role="region" aria-label="{self.heading}">{self.body}</div>'
        return f'<section id="{self.id}"><h2>{self.heading}</h2>{region}</section>'


def document(title: str, verdict: str, sections: Sequence[Section], command: str) -> str:
    """The page: `title` and `command` are any text, `verdict` is HTML."""
    title = in_html(title)
    style = files(f"{__package__}").joinpath("page.css").read_text(encoding="utf-8")
    links = "".join(f'<a href="#{section.id}">{section.heading}</a>' for section in sections)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{style}</style></head><body><main><h1>{title}</h1>{verdict}<nav>{links}</nav>"
        f"{''.join(section.html() for section in sections)}"
        f"<section><h2>Command</h2><pre>{in_html(command)}</pre><p>tinyml-opt {__version__}</p></section>"
        "</main></body></html>\n"
    )
