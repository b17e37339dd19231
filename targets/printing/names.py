"""Names in C: unique where they can be seen, never a keyword."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager

KEYWORDS = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr const_cast
    continue decltype default delete do double dynamic_cast else enum explicit export extern false float for friend goto
    if inline int long main mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public
    register reinterpret_cast restrict return short signed sizeof static static_assert static_cast struct switch
    template this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t
    while xor xor_eq linux unix
    """.split()
)
"""Of C and C++, and the macros that compilers define in lower case."""


def identifier(text: str) -> str:
    """The text as a name in C."""
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    return name if name[:1].isalpha() else f"v{name}"


class Names:
    """The names in use; a scope gives back those taken inside it."""

    def __init__(self, reserved: Iterable[str]):
        self._taken = set(reserved) | KEYWORDS

    @contextmanager
    def scope(self) -> Generator[None]:
        """Names taken in the with block are free after it."""
        outer = set(self._taken)
        yield
        self._taken = outer

    def new(self, hint: str | None) -> str:
        """A name like the hint, or `v0`, `v1`, ..."""
        base = identifier(hint) if hint else "v"
        name, number = base if hint else "v0", 0
        while name in self._taken:
            number += 1
            name = f"{base}{number}" if not hint else f"{base}_{number}"
        self._taken.add(name)
        return name
