"""A piece of C with what its neighbours must know: how tightly it binds, and how its C value relates to the IR's."""

from __future__ import annotations

from dataclasses import dataclass, replace

ATOM, UNARY, MUL, ADD, SHIFT, ORDER, EQUAL, BIT_AND, BIT_XOR, BIT_OR, AND, OR, CHOICE = range(13, 0, -1)
"""C's levels of precedence, tightest first."""


@dataclass(frozen=True)
class Text:
    """An expression in C.

    `exact`: its C value is the IR's value; else it is only congruent modulo 2^N, because C computes in `int` (or, in
    HLS, in as many bits as the result may need). `typed`: its C type is as wide as the IR's on every machine; a
    literal's is not where `int` has 16 bits. `declared`: its C type is the very type of the IR.
    """

    text: str
    level: int = ATOM
    exact: bool = True
    typed: bool = True
    declared: bool = False

    def inside(self, level: int, right: bool = False) -> str:
        """The text as an operand of an operator of `level`, in parentheses where a reader or a compiler wants them."""
        if self.level >= max(level, UNARY):
            negative = right and level == ADD and self.text.startswith("-")
            return f"({self.text})" if negative else self.text
        if level in (MUL, ADD, AND, OR) and self.level == level and not right:
            return self.text
        plain = {ADD: MUL, ORDER: ADD, EQUAL: ADD, AND: EQUAL, OR: EQUAL, CHOICE: OR}.get(level, ATOM)
        return self.text if self.level >= plain else f"({self.text})"

    def cast(self, type: str) -> Text:
        """`(type)text`"""
        operand = self.text if self.level >= UNARY else f"({self.text})"
        return Text(f"({type}){operand}", UNARY, declared=True)

    def negated(self, exact: bool) -> Text:
        """`-text`"""
        plain = self.level >= UNARY and not self.text.startswith("-")
        text = f"-{self.text}" if plain else f"-({self.text})"
        return replace(self, text=text, level=UNARY, exact=exact, declared=False)
