"""Names in C that come from a model: identifiers that no keyword, macro or type of any header can be.

Headers reserve names by their form: macros and registers are in capitals (`INPUT`, `B1`, `INT8_MAX`, `PORTB`), types
end in `_t`, the compiler's own begin with `_`. So a name of ours has a lower-case letter, begins with a letter and does
not end in `_t`. Parameters of the entry stand in a header among those of others, which have macros in lower case, too
(`errno`, `stdout`, `small`): they end in `_in` or `_out`, as no macro or type does. A prefix would not do: `in_addr_t`
and `in_port_t` are types of POSIX. Macros of a model end in words of ours (`NET_X_SIZE`), never in a word of the model.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from .harmless import shortened

LIMIT = 60
"""Characters of a name. Files are named so, too, and functions by two of them."""

KEYWORDS = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class co_await
    co_return co_yield compl concept const consteval constexpr constinit const_cast continue decltype default delete do
    double dynamic_cast else enum explicit export extern false float for friend goto if inline int long main mutable
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast
    requires restrict return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile
    wchar_t while xor xor_eq far huge i386 interrupt linux near unix
    """.split()
)
"""Of C and C++, and the macros that compilers define in lower case."""

HEADERS = frozenset(
    """
    ap_fixed ap_int arduino assert complex ctype errno esp_log fenv float inttypes iso646 limits locale main math
    memory setjmp signal stdalign stdarg stdatomic stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string
    strings tgmath threads time uchar unistd wchar wctype
    """.split()
)
"""Headers that a program includes by their bare names: NAME.h beside it must not be found in their stead."""


def identifier(text: str, default: str = "v") -> str:
    """The text as a name in C: its letters and digits of ASCII, `_` for all else, at most about `LIMIT` of them.

    `default` is the name of a text without any, and stands before one that begins with a digit.
    """
    words = re.sub(r"[\W_]+", "_", text, flags=re.ASCII).strip("_")
    words = shortened(words, LIMIT, "_").replace("__", "_")
    return words if words[:1].isalpha() else f"{default}_{words}" if words else default


def own(name: str) -> str:
    """The name, with `_v` behind it where it is a keyword or has the form of what headers define."""
    has_form = name == name.upper() or name.endswith("_t") or name.startswith("_")
    return f"{name}_v" if has_form or name in KEYWORDS else name


def is_identifier(name: str) -> bool:
    """True for what C and C++ take as a name."""
    return re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) is not None and name not in KEYWORDS


def model_name(text: str) -> str:
    """The name of a model, with which its files, functions and macros begin."""
    name = identifier(text, "model")
    return f"{name}_model" if name.lower() in HEADERS else name


def parameter_name(label: str, is_input: bool) -> str:
    """The parameter of the entry for an input or output."""
    return f"{identifier(label, 'port')}_{'in' if is_input else 'out'}"


class Names:
    """The names in use; a scope gives back those taken inside it."""

    def __init__(self, reserved: Iterable[str]):
        self._taken = set(reserved)

    @contextmanager
    def scope(self) -> Generator[None]:
        """Names taken in the with block are free after it."""
        outer = set(self._taken)
        yield
        self._taken = outer

    def new(self, hint: str | None) -> str:
        """A name like the hint, or `v0`, `v1`, ..."""
        return self.unique(own(identifier(hint))) if hint else self.unique("v0", "v")

    def unique(self, name: str, stem: str | None = None) -> str:
        """The name, or where it is taken `NAME_1`, `NAME_2`, ..., or with a stem `STEM1`, `STEM2`, ..."""
        found, number = name, 0
        while found in self._taken:
            number += 1
            found = f"{name}_{number}" if stem is None else f"{stem}{number}"
        self._taken.add(found)
        return found
