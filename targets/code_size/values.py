"""Values as compilers know them: equal ones have equal keys, and sums are linear forms.

A form is `(constant, ((atom, factor), ...))`, its terms sorted by their atoms' numbers; an atom is anything else that
was computed, known by its key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Form = tuple[int, tuple[tuple[int, int], ...]]
"""A constant, and factors by atom."""

Key = tuple[object, ...]
Range = tuple[int, int]


def constant(value: int) -> Form:
    """A number."""
    return value, ()


def number_of(form: Form) -> int | None:
    """The number that a form is; None where it is none."""
    return None if form[1] else form[0]


def total(parts: Iterable[tuple[Form, int]]) -> Form:
    """The sum of forms with factors."""
    value, terms = 0, dict[int, int]()
    for (own, own_terms), factor in parts:
        value += own * factor
        for atom, times in own_terms:
            terms[atom] = terms.get(atom, 0) + times * factor
    return value, tuple(sorted((atom, times) for atom, times in terms.items() if times))


@dataclass
class Atoms:
    """The atoms of a function: numbers by key, and between which bounds each lies, where that is known."""

    numbers: dict[Key, int] = field(default_factory=dict[Key, int])
    ranges: dict[int, Range] = field(default_factory=dict[int, Range])

    def form(self, key: Key, range: Range | None = None) -> Form:
        """The form of one atom."""
        number = self.numbers.setdefault(key, len(self.numbers))
        if range is not None:
            self.ranges[number] = range
        return 0, ((number, 1),)

    def range_of(self, form: Form) -> Range | None:
        """Between which bounds a form lies, both included; None where that of an atom is not known."""
        low = high = form[0]
        for atom, factor in form[1]:
            if (known := self.ranges.get(atom)) is None:
                return None
            ends = known[0] * factor, known[1] * factor
            low, high = low + min(ends), high + max(ends)
        return low, high


@dataclass
class Scope:
    """What is known where the walk stands; what a block learns is forgotten behind it."""

    known: dict[object, object] = field(default_factory=dict[object, object])
    learned: list[tuple[object, object, bool]] = field(default_factory=list[tuple[object, object, bool]])

    def mark(self) -> int:
        """Where a block begins."""
        return len(self.learned)

    def forget(self, mark: int) -> None:
        """All since a mark."""
        while len(self.learned) > mark:
            key, before, was = self.learned.pop()
            if was:
                self.known[key] = before
            else:
                del self.known[key]

    def since(self, mark: int, kinds: tuple[str, ...]) -> list[object]:
        """The keys of some kinds that were learned since a mark."""
        keys = [key for key, *_ in self.learned[mark:]]
        return [key for key in keys if isinstance(key, tuple) and key[0] in kinds]  # pyright: ignore

    def learn(self, key: object, value: object = True) -> bool:
        """Note a value; returns whether it is new."""
        was = key in self.known
        if was and self.known[key] == value:
            return False
        self.learned.append((key, self.known.get(key), was))
        self.known[key] = value
        return True

    def get(self, key: object) -> object:
        """What is known of a key; None if nothing."""
        return self.known.get(key)
