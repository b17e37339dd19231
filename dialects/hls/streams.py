"""Streams: queues between processes that run side by side. A read waits for a token, a write for room."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import I64, IntegerAttr, IntegerType, i64
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import IRDLOperation, irdl_attr_definition, irdl_op_definition, operand_def, prop_def, result_def
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException


@irdl_attr_definition
class StreamType(ParametrizedAttribute, TypeAttribute):
    """A queue of tokens: `!hls.stream<i8>`."""

    name = "hls.stream"
    element_type: IntegerType

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return (parser.parse_type(),)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.element_type)


@irdl_op_definition
class StreamOp(IRDLOperation):
    """An empty stream with room for `depth` tokens.

    ```mlir
    %s = hls.stream depth 2 : !hls.stream<i8>
    ```
    """

    name = "hls.stream"
    depth = prop_def(IntegerAttr[I64])
    result = result_def(StreamType)
    assembly_format = "`depth` $depth attr-dict `:` type($result)"

    def __init__(self, depth: int, element: IntegerType):
        super().__init__(properties={"depth": IntegerAttr(depth, i64)}, result_types=[StreamType(element)])

    def verify_(self) -> None:
        if self.depth.value.data < 1:
            raise VerifyException(f"a stream has room for at least 1 token, got {self.depth.value.data}")


@irdl_op_definition
class ReadOp(IRDLOperation):
    """Take the first token.

    ```mlir
    %v = hls.read %s : !hls.stream<i8> -> i8
    ```
    """

    name = "hls.read"
    stream = operand_def(StreamType)
    result = result_def(IntegerType)
    assembly_format = "$stream attr-dict `:` type($stream) `->` type($result)"

    def __init__(self, stream: SSAValue):
        assert isinstance(stream.type, StreamType)
        super().__init__(operands=[stream], result_types=[stream.type.element_type])

    def verify_(self) -> None:
        if StreamType(self.result.type) != self.stream.type:  # pyright: ignore
            raise VerifyException(f"a token of {self.stream.type} is no {self.result.type}")


@irdl_op_definition
class WriteOp(IRDLOperation):
    """Append a token.

    ```mlir
    hls.write %v to %s : i8, !hls.stream<i8>
    ```
    """

    name = "hls.write"
    value = operand_def(IntegerType)
    stream = operand_def(StreamType)
    assembly_format = "$value `to` $stream attr-dict `:` type($value) `,` type($stream)"

    def __init__(self, value: SSAValue, stream: SSAValue):
        super().__init__(operands=[value, stream])

    def verify_(self) -> None:
        if StreamType(self.value.type) != self.stream.type:  # pyright: ignore
            raise VerifyException(f"{self.value.type} is no token of {self.stream.type}")
