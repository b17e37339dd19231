"""Errors as a compiler prints them: `file:line:column: error: message`, the source line, a caret."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO
from typing import cast

from xdsl.ir import Block, Operation, Region
from xdsl.printer import Printer
from xdsl.utils.exceptions import DiagnosticException, MultipleSpansParseError, ParseError
from xdsl.utils.lexer import Input, Span

from ...dialects.diagnostics import OpError
from ...dialects.errors import UserError
from ...dialects.harmless import lines
from ..exit_codes import summary
from .arguments import REPORT
from .printing import elided

WIDTH = 110
"""Characters of a source line that are shown; a line can hold megabytes of weights."""


@dataclass
class Source:
    """What is known of the text behind a module: the span of each op as parsed, and the lines before this part."""

    name: str
    spans: dict[Operation, Span] = field(default_factory=dict[Operation, Span])
    line_offset: int = 0


def describe(error: Exception, source: Source, stage: str | None) -> str:
    """The text of an error, ending in a newline. `stage` is the pass or target that raised it, None for the input."""
    return lines(text_of(error, source, stage))


def text_of(error: Exception, source: Source, stage: str | None) -> str:
    """The text, with whatever the input brought into it."""
    match error:
        case UserError():
            return "".join(f"error: {reason}\n" for reason in error.reasons)
        case ParseError():
            return describe_parse_error(error, source)
        case UnicodeDecodeError():
            return (
                f"{source.name}: error: not MLIR text (a byte that is not UTF-8); an ONNX model is read with -f onnx\n"
            )
        case DiagnosticException():
            return describe_diagnostic(error, failing_op(error), source, stage)
        case _:
            where = f"{stage}: " if stage else ""
            return f"error: {where}internal error: {summary(error)}\nnote: {REPORT}\n"


def describe_parse_error(error: ParseError, source: Source) -> str:
    """A parse error and its notes."""
    text = at(error.span, source.line_offset, "error", error.msg)
    if isinstance(error, MultipleSpansParseError):
        for span, message in error.refs:
            text += at(span, source.line_offset, "note", message or error.ref_text or "see here")
    return text


def describe_diagnostic(error: DiagnosticException, op: Operation | None, source: Source, stage: str | None) -> str:
    """An error of a verifier or a pass: at the source of the op where that is known, else with the op's text."""
    where = f"{stage}: " if stage else ""
    if op is None:
        return f"error: {where}{error}\n"
    message = f"{where}'{op.name}': {error}"
    if stage is None and op in source.spans:
        return at(source.spans[op], source.line_offset, "error", message)
    return f"error: {message}\nnote: the op is\n{op_text(op)}\n"


def failing_op(error: Exception) -> Operation | None:
    """The op whose verifier, or that of its region, raised this error: the innermost that was at work."""
    if isinstance(error, OpError):
        return error.op
    op = None
    trace = error.__traceback__
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
        if frame.f_code.co_name in ("verify", "verify_"):
            ir = frame.f_locals.get("self")
            op = (ir if isinstance(ir, Operation) else ir.parent_op() if isinstance(ir, Block | Region) else None) or op
    return op


def at(span: Span[str] | Span[bytes], line_offset: int, severity: str, message: str) -> str:
    """A message with the place it is about: `file:line:column: severity: message`, the line, and carets below."""
    source = cast("Input[str]", span.input)  # a text, never bytes; the span itself may be that of a string literal
    location = Span(span.start, span.end, source, line_offset).get_location()
    begin = source.get_start_of_line(span.start)
    line = Span(begin, source.get_end_of_line(span.start), source).text
    column = span.start - begin
    first = max(0, column - WIDTH // 2) if len(line) > WIDTH else 0
    shown = "".join(c if c.isprintable() else " " for c in line[first : first + WIDTH])
    carets = "^" * max(1, min(span.len, len(shown) - (column - first)))
    return f"{location}: {severity}: {message}\n{shown}\n{' ' * (column - first)}{carets}\n"


def op_text(op: Operation) -> str:
    """An op in generic form (its own printer may need what the verifier found missing), constants elided."""
    stream = StringIO()
    Printer(stream=stream, print_generic_format=True).print_op(elided(op, 16))
    lines = stream.getvalue().splitlines()
    return "\n".join(lines if len(lines) <= 12 else [*lines[:12], "..."])
