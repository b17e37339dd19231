"""A parser that remembers where each op stands, and says of everything that is wrong with a text where that is.

xDSL's parser raises Python's own exceptions for some texts: a number that its type does not hold, a type that it cannot
store. Raised in xDSL's code while a text is read they can only mean the text; raised in this project's they are bugs.
"""

from __future__ import annotations

import struct
from math import prod
from typing import Any, NoReturn

from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, ModuleOp
from xdsl.ir import Operation
from xdsl.parser import Parser, ParserState
from xdsl.utils.exceptions import DiagnosticException, UnregisteredConstructException
from xdsl.utils.lexer import Input, Position, Span, Token
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRToken, MLIRTokenKind, StringLiteral

from ...dialects.onnx.budget import DEFAULT_ELEMENTS

PROJECT = __name__.partition(".")[0]

TEXT_ERRORS = (ValueError, OverflowError, struct.error, NotImplementedError, UnregisteredConstructException)
"""What xDSL raises for a wrong text, besides its own diagnostics."""

LONGEST_SPLAT = 200
"""The most characters of a single element; a list of elements, or a long string of them, is bounded by the text."""

DEPTH = 64
"""How many ops may stand inside each other."""


class TextLexer(MLIRLexer):
    """xDSL's lexer, for which a string with escapes is text wherever it is UTF-8: printed names come back."""

    def _lex_string_literal(self, start_pos: Position) -> MLIRToken:
        token = super()._lex_string_literal(start_pos)
        assert isinstance(token.span, StringLiteral)
        try:
            token.span.bytes_contents.decode()
        except UnicodeDecodeError:
            return token
        return Token(MLIRTokenKind.STRING_LIT, token.span)


class LocatingParser(Parser):
    """xDSL's parser, with the source span of every parsed op. Every wrong text raises a ParseError.

    Spans and not location attributes: a line number costs a scan of the text, and is only needed for the op in error.
    """

    def __init__(self, context: Context, text: str, name: str, max_elements: int = DEFAULT_ELEMENTS):
        self.source = Input(text, name)
        self.max_elements = max_elements
        self.spans: dict[Operation, Span] = {}
        self.depth = 0
        super().__init__(context, text, name)
        self._parser_state = ParserState(TextLexer(self.source))

    def parse_module(self, allow_implicit_module: bool = True) -> ModuleOp:
        try:
            return super().parse_module(allow_implicit_module)
        except DiagnosticException as error:
            self.refuse(error)
        except RecursionError:
            self.raise_error("nested too deeply")
        except TEXT_ERRORS as error:
            if not is_of_xdsl(error):
                raise
            self.refuse(error)

    def refuse(self, error: Exception) -> NoReturn:
        """Raise the error at the end of what the parser has read."""
        end = len(self.source.content[: self.pos].rstrip())
        self.raise_error(str(error) or type(error).__name__, max(0, end - 1), end)

    def parse_dense_int_or_fp_elements_attr(self, type: Any) -> DenseIntOrFPElementsAttr[Any]:
        """xDSL lists the elements of a splat, however many its type says: here they are bytes, of a bounded number."""
        start = self.pos
        self.parse_punctuation("<", " in dense attribute")
        first = self._current_token
        if first.kind in (MLIRTokenKind.L_SQUARE, MLIRTokenKind.GREATER) or first.span.len > LONGEST_SPLAT:
            self._resume_from(start)
            return super().parse_dense_int_or_fp_elements_attr(type)
        is_text = first.kind in (MLIRTokenKind.STRING_LIT, MLIRTokenKind.BYTES_LIT)
        element = self._consume_token() if is_text else self._parse_tensor_literal_element()
        self.parse_punctuation(">", " in dense attribute")
        bounded = self._bounded_type(type)
        if isinstance(element, Token):
            self._resume_from(start)
            return super().parse_dense_int_or_fp_elements_attr(type)
        values: Any = [element.to_type(self, bounded.element_type)]
        return DenseIntOrFPElementsAttr.from_list(bounded, values)

    def _bounded_type(self, type: Any) -> Any:
        """The type of a dense attribute: the one given, else the one that follows."""
        if type is None:
            self.parse_punctuation(":", " in dense attribute")
            type = self._parse_dense_literal_type()
        count = prod(type.get_shape())
        if count > self.max_elements:
            self.raise_error(f"{type} has {count:,} elements, more than {self.max_elements:,}")
        return type

    def parse_operation(self) -> Operation:
        start = self.pos
        self.depth += 1
        if self.depth > DEPTH:
            self.raise_error(f"more than {DEPTH} ops inside each other")
        op = super().parse_operation()
        self.depth -= 1
        self.spans[op] = Span(start, start + len(op.name), self.source)
        return op


def is_of_xdsl(error: Exception) -> bool:
    """True where the code that raised an exception, or that called what of Python raised it, is xDSL's."""
    trace, owner = error.__traceback__, ""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0]
        owner = package if package in ("xdsl", PROJECT) else owner
        trace = trace.tb_next
    return owner == "xdsl"
