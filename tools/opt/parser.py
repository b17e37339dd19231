"""A parser that remembers where each op stands, so that errors found after parsing can point at the source."""

from __future__ import annotations

from xdsl.context import Context
from xdsl.ir import Operation
from xdsl.parser import Parser
from xdsl.utils.lexer import Input, Span


class LocatingParser(Parser):
    """xDSL's parser, with the source span of every parsed op.

    Spans and not location attributes: a line number costs a scan of the text, and is only needed for the op in error.
    """

    def __init__(self, context: Context, text: str, name: str):
        super().__init__(context, text, name)
        self.source = Input(text, name)
        self.spans: dict[Operation, Span] = {}

    def parse_operation(self) -> Operation:
        start = self.pos
        op = super().parse_operation()
        self.spans[op] = Span(start, start + len(op.name), self.source)
        return op
