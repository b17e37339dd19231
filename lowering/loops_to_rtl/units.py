"""Units of a program: what many lanes compute is written once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from xdsl.ir import Block, Operation

from ...dialects import rtl
from ...dialects.rtl.names import made


class Units:
    """The units of a model, each made when it is asked for the first time."""

    def __init__(self, model: str = "unit"):
        self.model = model
        self._known: dict[tuple[str, Hashable], rtl.UnitOp] = {}
        self._named: dict[str, rtl.UnitOp] = {}

    def of(self, stem: str, key: Hashable, build: Callable[[], Block]) -> rtl.UnitOp:
        """The unit of a key, which stems of a name may share."""
        if (stem, key) not in self._known:
            same = sum(other == stem for other, _ in self._known)
            name = made(self.model, f"{stem}_{same}" if same else stem)
            self._known[stem, key] = self._named[name] = rtl.UnitOp(name, build())
        return self._known[stem, key]

    def used(self, modules: Iterable[Operation]) -> list[rtl.UnitOp]:
        """The units of modules, in the order of their first use."""
        names = (op.unit.string_value() for m in modules for op in m.regions[0].block.ops if type(op) is rtl.UseOp)
        return [self._named[name] for name in dict.fromkeys(names)]
