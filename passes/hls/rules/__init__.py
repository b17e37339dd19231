"""What synthesis refuses, or makes slow: a function for each rule, from a module to what breaks it."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Operation

Found = Iterator[tuple[Operation, str]]
"""Ops that break a rule, and what to do about it."""
