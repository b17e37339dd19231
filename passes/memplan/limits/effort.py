"""The limit of planning: searches count what they look at, not seconds, so that a plan is the same on every computer.

`effort` scales all of these limits. What a search has found when it comes to its limit is used, and said.
"""

from __future__ import annotations

from xdsl.dialects.builtin import BoolAttr, DictionaryAttr
from xdsl.ir import Attribute

from ....dialects.errors import UserError

EFFORT = 100
"""The effort by default: at most some ten seconds for each search."""

LIMITED = "limited"
"""The key, in what a pass has left on a function, that is true where a search came to its limit."""


def scaled(limit: int, effort: int) -> int:
    """A limit that holds at the default effort, at another one."""
    return limit * effort // EFFORT


def verify_effort(name: str, effort: int) -> None:
    """Raise UserError for an `effort`, an option of the pass of this name, below 1."""
    if effort < 1:
        raise UserError(f"{name}: effort must be at least 1, got {effort}")


def limited_entry(limited: bool) -> dict[str, Attribute]:
    """The entry of an attribute that says that a search came to its limit; none where it did not."""
    return {LIMITED: BoolAttr.from_bool(True)} if limited else {}


def is_limited(attribute: Attribute | None) -> bool:
    """True for the attribute of a pass whose search came to its limit."""
    return isinstance(attribute, DictionaryAttr) and LIMITED in attribute.data
