"""Text from a model (names, doc strings, file names), made harmless for the place where it is shown.

Nothing else brings such text into generated files, reports or a terminal. At most `LIMIT` characters of it are shown.
A character that a reader cannot see, or that means something where it stands, is written as `<U+202E>`. What compilers
and tool scripts read is ASCII: nobody knows in which encoding they read it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

LIMIT = 100
"""Characters of a text from a model that are shown."""

ELLIPSIS = "..."

FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet takes for the start of a formula, in both widths."""


def shortened(text: str, limit: int = LIMIT, ellipsis: str = ELLIPSIS) -> str:
    """At most `limit` characters; the end is kept, where numbers tell names apart."""
    if len(text) <= limit:
        return text
    tail = limit // 2
    return f"{text[: limit - tail - len(ellipsis)]}{ellipsis}{text[len(text) - tail :]}"


def visible(text: str, is_kept: Callable[[str], bool] = str.isprintable) -> str:
    """The text with every character that is not kept as `<U+XXXX>`.

    Python's printable characters are neither control nor format characters (which change the direction of text), nor
    halves of surrogate pairs, nor unassigned, nor separators other than the space.
    """
    return "".join(c if is_kept(c) else f"<U+{ord(c):04X}>" for c in text)


def is_plain(character: str) -> bool:
    """Visible ASCII."""
    return " " <= character <= "~"


def decoded(text: str | bytes) -> str:
    """A name of a model file as text: protobuf hands over bytes where it is not UTF-8."""
    return text if isinstance(text, str) else text.decode(errors="backslashreplace")


def is_whole(character: str) -> bool:
    """No half of a surrogate pair, which no encoding has."""
    return not "\ud800" <= character <= "\udfff"


def in_terminal(text: str | bytes) -> str:
    """For a message or a cell of a table; no escape sequence, no line of its own."""
    return visible(shortened(decoded(text)))


def in_quotes(text: str | bytes) -> str:
    """A name in a message: `'name'`."""
    return f"'{in_terminal(text)}'"


def in_figure(text: str, limit: int = LIMIT) -> str:
    """For a label in a figure, whose font has no other characters for certain."""
    return visible(shortened(text, limit), is_plain)


def line(text: str) -> str:
    """A whole line for the terminal, such as a message with names in it: of any length, without anything invisible."""
    return visible(text.expandtabs(1))


def lines(text: str) -> str:
    """Several such lines."""
    return "\n".join(map(line, text.split("\n")))


def in_c_comment(text: str) -> str:
    """For a comment of C or C++ of either kind, where a space stands before and after it.

    `*/` and `/*`, `//` and trigraphs are broken up by spaces; a backslash could continue the line.
    """
    plain = visible(shortened(text), lambda c: is_plain(c) and c != "\\")
    return re.sub(r"(?<=[*/])(?=[*/])|(?<=\?)(?=\?)", " ", plain)


def in_c_string(text: str) -> str:
    """For a literal of C or C++, between its quotes; in UTF-8. Not for a format: `%` stands for itself."""
    plain = shortened(text).encode("utf-8", "backslashreplace")
    return "".join(chr(b) if is_plain(chr(b)) and chr(b) not in '"\\?' else f"\\{b:03o}" for b in plain)


def in_tcl(text: str) -> str:
    """For one word of a Tcl command, without quotes or braces around it."""
    return "".join(c if re.fullmatch(r"[A-Za-z0-9_./]", c) else tcl_escape(c) for c in shortened(text)) or "{}"


def tcl_escape(character: str) -> str:
    """A character by its number; before 8.6 Tcl has 16 bits for one."""
    code = ord(character)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"


def in_html(text: str) -> str:
    """For the text or a quoted attribute of HTML, XML or SVG."""
    return html.escape(visible(shortened(text)))


def in_csv(text: str) -> str:
    """For a cell that a CSV writer quotes: no formula, and nothing that another country's spreadsheet separates at."""
    cell = visible(shortened(text), lambda c: c.isprintable() and c != ";")
    return f"'{cell}" if cell[:1] and cell[0] in FORMULA else cell


def in_json(text: str) -> str:
    """For a string of `json_text`, which escapes what is not ASCII."""
    return visible(shortened(text), is_whole)


def json_text(data: Any) -> str:
    """Plain data as JSON in ASCII, indented. NaN and infinity, for which JSON has no numbers, are null."""
    return json.dumps(plain_data(data), indent=2)


def plain_data(data: Any) -> Any:
    """Data without halves of surrogate pairs in its strings, of whatever length these are."""
    match data:
        case str():
            return visible(data, is_whole)
        case float():
            return data if isfinite(data) else None
        case Mapping():
            return {plain_data(key): plain_data(value) for key, value in data.items()}
        case list() | tuple():
            return [plain_data(value) for value in data]
        case _:
            return data
