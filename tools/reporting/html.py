"""Tables in HTML; every text from a model is made harmless here."""

from __future__ import annotations

from collections.abc import Sequence

from ...dialects.harmless import in_html
from ..show import cell_text


def html_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table with a caption; numbers stand to the right."""
    heads = "".join(f'<th scope="col">{in_html(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(map(html_cell, row))}</tr>" for row in rows)
    return f"<table><caption>{in_html(title)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def html_cell(cell: object) -> str:
    """A cell as tables of the terminal have it."""
    style = ' style="text-align:right"' if isinstance(cell, int | float) and not isinstance(cell, bool) else ""
    return f"<td{style}>{in_html(cell_text('' if cell is None else cell))}</td>"
