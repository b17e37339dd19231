"""What compilers leave of values that are needed: sums, numbers and addresses count where they are new."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Block, SSAValue

from ...dialects import emitc
from .values import Atoms, Form, Scope, number_of

NEAR = 32
"""Distances of elements below this fit into an instruction."""

SMALL, SHORT = 255, 1 << 16
"""Numbers up to this, and below this, fit into shorter instructions."""


class Counting(ABC):
    """The features of one function, and what is known where the walk stands."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.atoms, self.scope = Atoms(), Scope()
        self.globals: set[str] = set()

    @abstractmethod
    def form(self, value: SSAValue) -> Form:
        """What a value is; its parts are counted where they are new."""

    def need(self, form: Form, value: SSAValue, prefix: str = "") -> None:
        """A number is needed in a register: counts the sums and products that are new."""
        if not isinstance(value.type, IntegerType):
            return
        number, terms = form
        if not terms:
            self.number(number)
            return
        width = prefix or f"{bits(value)}"
        if (len(terms) == 1 and not number and terms[0][1] == 1) or not self.scope.learn(("form", form)):
            return
        for atom, factor in terms:
            if abs(factor) != 1 and self.scope.learn(("scaled", atom, abs(factor))):
                self.found[f"{'shift' if abs(factor).bit_count() == 1 else 'scale'}_{width}"] += 1
        if len(terms) > 1 and self.scope.learn(("terms", terms)):
            self.found[f"add_{width}"] += len(terms) - 1
        elif len(terms) == 1 and terms[0][1] < 0 and not number:
            self.found[f"negate_{width}"] += 1
        if number:
            self.found[f"add_number_{width}"] += 1
            self.number(number)

    def number(self, number: int) -> None:
        """A number in the code."""
        if abs(number) > SMALL:
            if self.scope.learn(("number", number)):
                self.found["wide_number" if abs(number) >= SHORT else "number"] += 1
        elif self.scope.learn(("number", number)):
            self.found["small_number"] += 1

    def access(self, name: str, place: emitc.SubscriptOp, width: int) -> None:
        """A read or write of an element."""
        if isinstance(place.value.owner, emitc.VariableOp) and all(
            number_of(self.form(index)) is not None for index in place.indices
        ):
            self.found[f"local_{name}_{width}"] += 1
            return
        self.found[f"{name}_{width}"] += 1
        self.address(place)

    def address(self, place: emitc.SubscriptOp) -> None:
        """The address of an element: counts what no element at a constant distance has needed before."""
        if isinstance(place.value.owner, emitc.GetGlobalOp):
            name = place.value.owner.name_.string_value()
            self.found["global"] += self.scope.learn(("global", name))
            self.globals.add(name)
        forms = [self.form(index) for index in place.indices]
        distance, terms = sum(form[0] for form in forms), tuple(form[1] for form in forms)
        self.found["distance"] += NEAR <= abs(distance)
        if not any(terms) or not self.scope.learn(("address", place.value, terms)):
            return
        if not self.scope.learn(("offset", terms)):
            self.found["pointer_beside"] += 1
            return
        varying = all(atom in self.atoms.ranges for part in terms for atom, _ in part)
        self.found["pointer" if varying else "indexed"] += 1
        for form, index in zip(forms, place.indices, strict=True):
            self.need((0, form[1]), index, "index")


def outside(value: SSAValue) -> SSAValue:
    """What an argument of an expression stands for; any other value itself."""
    owner = value.owner
    expression = owner.parent_op() if isinstance(owner, Block) else None
    if isinstance(owner, Block) and isinstance(expression, emitc.ExpressionOp):
        return expression.defs[list(owner.args).index(value)]  # pyright: ignore[reportArgumentType]
    return value


def bits(value: SSAValue) -> int:
    """The width of a number."""
    assert isinstance(value.type, IntegerType)
    return value.type.width.data
