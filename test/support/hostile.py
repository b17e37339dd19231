"""Names that a model file may hold and that mean something to whoever reads the generated files."""

from __future__ import annotations

from hypothesis import strategies as st

MARKER = "injected"
"""In the names that try to become code: `#error` and a call of what nobody has declared."""

BREAKOUTS = (
    f"*/ #error {MARKER}\n/*",
    f"*/\n#error {MARKER}\n/*",
    f"??/\n#error {MARKER}",
    f"\\\n#error {MARKER}",
    f"x\n#error {MARKER}\n",
    f"\r#error {MARKER}\r",
    f"\u2028#error {MARKER}\u2029",
    f'"); {MARKER}(); //',
    f"*\\\n/ {MARKER}();",
    f"x[1]; int {MARKER}(void); int y",
    "*/ /* // ??/ /*",
    "a/",
    "*",
    "\\",
    "??/",
    "%s%n",
)
"""They leave comments, strings and lines of C."""

INVISIBLE = (
    *("\u202e", "\u2066x\u2069", "\u200f", "\ufeff", "\x00", "\x07"),
    *("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b2J"),
)
"""Bidirectional and control characters, and escape sequences of terminals."""

READERS = (
    *("[red]", "[/]", ":smile:", "[link=x]y", "=1+1", "+1", "-1", "@x", "\t=x", "a;=b", 'a,"b', "$x^", "{", "]"),
    *("<b>&amp;", "-->"),
)
"""Markup, formulas, and words of Tcl and of HTML."""

MACROS = ("INPUT", "OUTPUT", "F", "B1", "A0", "PI", "SS", "DEFAULT", "HIGH", "X")
"""Of Arduino's headers, and one more."""

TAKEN = (
    *MACROS,
    *("NULL", "PORTB", "DDRB", "SREG", "F_CPU", "EOF", "INT8_MAX", "INT16", "INT8_C", "FLASH", "H", "ARENA_BYTES"),
    *("int8_t", "size_t", "addr_t", "port_t", "bool", "true", "int", "main", "class", "template", "register", "and"),
    *("linux", "run", "push_row", "arena", "row", "in", "out", "acc", "oc", "v0", "ports", "std", "ap_int", "value"),
    *("file", "argv", "separator", "17", "0", "_", "__x", "_Bool", "x.y", "x_y", "x/y", "x", "x_row", "x_size", "x_1"),
    *("errno", "stdout", "interface", "small", "min", "\u6fc0\u6d3b", "\u00e9", "a" * 300, "a" * 299 + "b"),
)
"""Keywords, macros, types, names that the generated code uses, and names that become the same identifier."""

ALL = (*BREAKOUTS, *INVISIBLE, *READERS, *TAKEN)


def names() -> st.SearchStrategy[str]:
    """A name: one of these, several of them in one, or anything that UTF-8 has."""
    known = st.sampled_from(ALL)
    anything = st.text(st.characters(codec="utf-8"), min_size=1, max_size=120)
    return st.one_of(known, st.lists(st.one_of(known, anything), min_size=1, max_size=3).map("".join), anything)


FOREIGN_HEADER = "\n".join(
    [
        *(f"#include <{name}.h>" for name in ("limits", "stdbool", "stddef", "stdint", "stdio", "stdlib", "string")),
        "#include <errno.h>",
        "#define interface struct",
        "#define small char",
        "#if defined(__AVR__)",
        "#include <avr/io.h>",
        "#elif defined(__unix__)",
        "#include <netinet/in.h>",
        "#endif",
        *(f"#undef {name}\n#define {name} 0x0" for name in MACROS),
        "",
    ]
)
"""What a sketch includes before NAME.h: macros as Arduino's headers have them, registers, types of POSIX."""
