"""A parser that remembers where each op stands, and says of everything that is wrong with a text where that is.

xDSL's parser raises Python's own exceptions for some texts: a number that its type does not hold, a type that it cannot
store. Raised in xDSL's code while a text is read they can only mean the text; raised in this project's they are bugs.
"""

from __future__ import annotations

from typing import NoReturn

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.parser import Parser, ParserState
from xdsl.utils.exceptions import DiagnosticException, UnregisteredConstructException
from xdsl.utils.lexer import Input, Position, Span, Token
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRToken, MLIRTokenKind, StringLiteral

PROJECT = __name__.partition(".")[0]

TEXT_ERRORS = (ValueError, OverflowError, NotImplementedError, UnregisteredConstructException)
"""What xDSL raises for a wrong text, besides its own diagnostics."""

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

    def __init__(self, context: Context, text: str, name: str):
        self.source = Input(text, name)
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
