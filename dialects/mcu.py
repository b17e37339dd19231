"""The `mcu` dialect: what the machine is asked to do with a loop that `scf` cannot say.

A loop may carry the discardable attribute `mcu.label` (a string; HLS reports name loops by it), which leaves the
meaning of the program alone. The ops are what a processor does in one instruction (`machine.py`), or in the block of
them that is the inside of a tile.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    I64,
    DenseArrayBase,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    UnitAttr,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.ir import Attribute, Dialect, Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .fixed.forms import StructuredForm
from .machine import OPERATIONS, WORD, verify_machine

LABEL = "mcu.label"
"""The attribute of a loop that holds its name, unique in its function and a valid C label."""

LANES = "hls.lanes"
"""The attribute that says how many iterations of a loop, or points along each dimension of a form, run at once."""

KEEP = "mcu.keep"
"""The attribute of a function that compilers shall not move into its caller."""


def form_lanes(form: StructuredForm) -> tuple[int, ...]:
    """How many points along each dimension of a form hardware computes at once."""
    lanes = form.attributes.get(LANES)
    return tuple(lanes.get_values()) if isinstance(lanes, DenseArrayBase) else (1,) * len(form.sizes)


def lanes_of(loop: Operation) -> int:
    """How many iterations of a loop hardware runs at once."""
    lanes = loop.attributes.get(LANES)
    return lanes.value.data if isinstance(lanes, IntegerAttr) else 1


class MachineFields(IRDLOperation, ABC):
    """An operation of dialects/machine.py on words, at the loops level and in emitc."""

    operation = prop_def(StringAttr)
    words = var_operand_def(IntegerType)
    immediates = opt_prop_def(DenseArrayBase.constr(i64))
    called = opt_prop_def(UnitAttr)
    """Whether C calls a function for it, which takes less flash where it is several instructions."""
    result = result_def(IntegerType)
    traits = traits_def(Pure())
    assembly_format = (
        "$operation (`called` $called^)? `(` $words `)` (`immediates` $immediates^)? attr-dict `:` "
        "functional-type($words, results)"
    )

    def __init__(self, operation: str, words: Sequence[SSAValue], immediates: Sequence[int] = (), called: bool = False):
        properties = {
            "operation": StringAttr(operation),
            "called": UnitAttr() if called else None,
            "immediates": DenseArrayBase.from_list(i64, immediates) if immediates else None,
        }
        result = OPERATIONS[operation].result_bits if operation in OPERATIONS else WORD
        super().__init__(operands=[words], properties=properties, result_types=[IntegerType(result)])

    @property
    def numbers(self) -> tuple[int, ...]:
        """The immediates."""
        return () if self.immediates is None else tuple(int(number) for number in self.immediates.get_values())

    def verify_(self) -> None:
        bits = [word.type.width.data for word in self.words if isinstance(word.type, IntegerType)]
        assert isinstance(self.result.type, IntegerType)
        verify_machine(self.operation.data, bits, self.numbers, self.result.type.width.data)


@irdl_op_definition
class MachineOp(MachineFields):
    """A machine operation of words, with its immediates behind them; `machine.py` says what each takes and gives.

    ```mlir
    %1 = mcu.machine "multiply_high_add"(%acc, %m, %c) : (i32, i32, i32) -> i32
    %2 = mcu.machine "saturate"(%1) immediates [6, 8] : (i32) -> i32
    ```
    """

    name = "mcu.machine"


@irdl_op_definition
class LoadWordOp(IRDLOperation):
    """Four bytes of memory from an element on as a word, the first of them lowest; at any address.

    ```mlir
    %w = mcu.load_word %x[%row, %column] : memref<4x8xi8>
    ```
    """

    name = "mcu.load_word"
    memref = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    result = result_def(i32)
    assembly_format = "$memref `[` $indices `]` attr-dict `:` type($memref)"

    def __init__(self, memref: SSAValue, indices: Sequence[SSAValue]):
        super().__init__(operands=[memref, indices], result_types=[i32])

    def verify_(self) -> None:
        verify_place(self.memref, len(self.indices), 8)


@irdl_op_definition
class AtOp(IRDLOperation):
    """A part of a memref as one of one dimension: its elements from an index on, one after the other in memory.

    ```mlir
    %p = mcu.at %x[%row, %column] : memref<4x8xi8> -> memref<5xi8>
    ```
    """

    name = "mcu.at"
    memref = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    result = result_def(MemRefType)
    traits = traits_def(Pure())
    assembly_format = "$memref `[` $indices `]` attr-dict `:` type($memref) `->` type($result)"

    def __init__(self, memref: SSAValue, indices: Sequence[SSAValue], length: int):
        assert isinstance(memref.type, MemRefType)
        type = MemRefType(memref.type.element_type, [length], memory_space=memref.type.memory_space)
        super().__init__(operands=[memref, indices], result_types=[type])

    def verify_(self) -> None:
        given, made = self.memref.type, self.result.type
        assert isinstance(given, MemRefType) and isinstance(made, MemRefType)
        if given.get_num_dims() != len(self.indices):
            raise VerifyException(f"expected one index for each dimension of {given}, got {len(self.indices)}")
        if made.get_num_dims() != 1 or (made.element_type, made.memory_space) != (
            given.element_type,
            given.memory_space,
        ):
            raise VerifyException(f"expected one dimension of the elements of {given}, got {made}")


@irdl_op_definition
class DotBlockOp(IRDLOperation):
    """Add products of weights and columns to sums: four channels at one or two pixels, the inside of a tile.

    `sums[p * 4 + c] += sum over quads q, halves h, lanes l of w[q][h][c][l] * x[q][h][p][l]`, modulo 2^32, where the
    words of the column hold two lanes each, the first low. The weights begin at an element of their memref. Those of
    bytes are packed `[q][c][4]`, in the order of the taps, of which a half takes (0, 2) and (1, 3).

    ```mlir
    mcu.dot_block %w[%group, %c0], %x, %sums quads 16 pixels 2
        : memref<16x256xi16, "flash">, memref<64xi32>, memref<8xi32>
    ```
    """

    name = "mcu.dot_block"
    weights = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    column = operand_def(MemRefType)
    sums = operand_def(MemRefType)
    quads = prop_def(IntegerAttr[I64])
    pixels = prop_def(IntegerAttr[I64])
    assembly_format = (
        "$weights `[` $indices `]` `,` $column `,` $sums `quads` $quads `pixels` $pixels attr-dict "
        "`:` type($weights) `,` type($column) `,` type($sums)"
    )

    def __init__(
        self, weights: SSAValue, indices: Sequence[SSAValue], column: SSAValue, sums: SSAValue, quads: int, pixels: int
    ):
        properties = {"quads": IntegerAttr(quads, i64), "pixels": IntegerAttr(pixels, i64)}
        super().__init__(operands=[weights, indices, column, sums], properties=properties)

    def verify_(self) -> None:
        quads, pixels = self.quads.value.data, self.pixels.value.data
        if quads < 1 or pixels not in (1, 2):
            raise VerifyException("a block has at least one quad, and one or two pixels")
        verify_place(self.weights, len(self.indices), 8 if element_bits(self.weights) == 8 else 16)
        for memref, words in ((self.column, 2 * quads * pixels), (self.sums, 4 * pixels)):
            verify_place(memref, 1, 32)
            assert isinstance(memref.type, MemRefType)
            if memref.type.get_shape()[0] < words:
                raise VerifyException(f"a block of {quads} quads and {pixels} pixels needs {words} words here")


@irdl_op_definition
class ByteBlockOp(IRDLOperation):
    """Add products of weights and columns of bytes to sums: some channels at one or two pixels.

    `window [channels, pixels, taps, lanes, piece]`: `sums[p * channels + c] += sum over taps k of
    w[k / lanes][c][k % lanes] * x[k / piece][p][k % piece]`, modulo 2^32, where `x` are the bytes of words: signed ones
    where there are several lanes, else unsigned ones.

    ```mlir
    mcu.byte_block %w[%group, %c0], %x, %sums window [4, 2, 64, 16, 64]
        : memref<16x256xi8, "flash">, memref<32xi32>, memref<8xi32>
    ```
    """

    name = "mcu.byte_block"
    weights = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    column = operand_def(MemRefType)
    sums = operand_def(MemRefType)
    window = prop_def(DenseArrayBase.constr(i64))
    assembly_format = (
        "$weights `[` $indices `]` `,` $column `,` $sums `window` $window attr-dict "
        "`:` type($weights) `,` type($column) `,` type($sums)"
    )

    def __init__(
        self,
        weights: SSAValue,
        indices: Sequence[SSAValue],
        column: SSAValue,
        sums: SSAValue,
        window: Sequence[int],
    ):
        properties = {"window": DenseArrayBase.from_list(i64, window)}
        super().__init__(operands=[weights, indices, column, sums], properties=properties)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Channels, pixels, taps, lanes, and bytes of a piece."""
        return tuple(int(number) for number in self.window.get_values())

    def verify_(self) -> None:
        if len(self.numbers) != 5 or min(self.numbers) < 1 or self.numbers[0] > 4 or self.numbers[1] > 2:
            raise VerifyException("a window has five numbers of at least 1, at most four channels and two pixels")
        if self.numbers[2] % self.numbers[3] or self.numbers[2] % self.numbers[4]:
            raise VerifyException("taps are whole lanes and whole pieces")
        verify_place(self.weights, len(self.indices), 8)
        verify_place(self.column, 1, 32)
        verify_place(self.sums, 1, 32)


@irdl_op_definition
class LanesBlockOp(IRDLOperation):
    """Add products of weights and data to sums, four channels of a word each with weights of its own.

    `window [kh, kw, pixels, stride, pitch, row]`: `sums[p * 4 + c] += sum over taps (h, w) of weight[h * kw + w][c] *
    byte(h * row + (p * stride + w) * pitch + c)`, bytes from the given word of the rows on, modulo 2^32. Weights are
    packed by fours, channels 0, 2, 1, 3.

    ```mlir
    mcu.lanes_block %w[%group, %c0], %rows[%at], %sums window [3, 3, 2, 1, 64, 448]
        : memref<16x36xi16, "flash">, memref<336xi32>, memref<8xi32>
    ```
    """

    name = "mcu.lanes_block"
    weights = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    rows = operand_def(MemRefType)
    at = operand_def(IndexType())
    sums = operand_def(MemRefType)
    window = prop_def(DenseArrayBase.constr(i64))
    assembly_format = (
        "$weights `[` $indices `]` `,` $rows `[` $at `]` `,` $sums `window` $window attr-dict "
        "`:` type($weights) `,` type($rows) `,` type($sums)"
    )

    def __init__(
        self,
        weights: SSAValue,
        indices: Sequence[SSAValue],
        rows: SSAValue,
        at: SSAValue,
        sums: SSAValue,
        window: Sequence[int],
    ):
        properties = {"window": DenseArrayBase.from_list(i64, window)}
        super().__init__(operands=[weights, indices, rows, at, sums], properties=properties)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Tap rows and columns, pixels, their stride in pixels, bytes of a pixel and of a row."""
        return tuple(int(number) for number in self.window.get_values())

    def verify_(self) -> None:
        if len(self.numbers) != 6 or min(self.numbers) < 1 or self.numbers[2] > 2:
            raise VerifyException("a window has six numbers of at least 1, and one or two pixels")
        verify_place(self.weights, len(self.indices), 16)
        verify_place(self.rows, 1, 32)
        verify_place(self.sums, 1, 32)


@irdl_op_definition
class PlaneBlockOp(IRDLOperation):
    """Add products of a window of 3 x 3 taps to the sums of one to six neighbouring outputs of one channel.

    Each of three rows is halves in words, so many words behind an index, modulo 2^32:
    `sums[o] += sum over taps (h, w) of weight[h][w] * half(row h, o * stride + w)`. The weights of a row are the halves
    of two words, taps 0, 1 and 1, 2.

    ```mlir
    mcu.plane_block %w[%i], %rows[%at], %sums outputs 2 stride 1 rows [4, 8, 0]
        : memref<768xi16, "flash">, memref<672xi32>, memref<2xi32>
    ```
    """

    name = "mcu.plane_block"
    weights = operand_def(MemRefType)
    index = operand_def(IndexType())
    rows = operand_def(MemRefType)
    at = operand_def(IndexType())
    sums = operand_def(MemRefType)
    outputs = prop_def(IntegerAttr[I64])
    stride = prop_def(IntegerAttr[I64])
    starts = prop_def(DenseArrayBase.constr(i64))
    assembly_format = (
        "$weights `[` $index `]` `,` $rows `[` $at `]` `,` $sums `outputs` $outputs `stride` $stride `rows` $starts "
        "attr-dict `:` type($weights) `,` type($rows) `,` type($sums)"
    )

    def __init__(
        self,
        weights: SSAValue,
        index: SSAValue,
        rows: SSAValue,
        at: SSAValue,
        sums: SSAValue,
        outputs: int,
        stride: int,
        starts: Sequence[int],
    ):
        properties: dict[str, Attribute] = {"outputs": IntegerAttr(outputs, i64), "stride": IntegerAttr(stride, i64)}
        properties["starts"] = DenseArrayBase.from_list(i64, starts)
        super().__init__(operands=[weights, index, rows, at, sums], properties=properties)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Where the rows begin, in words."""
        return tuple(int(number) for number in self.starts.get_values())

    def verify_(self) -> None:
        if (
            len(self.numbers) != 3
            or min(self.numbers) < 0
            or not 1 <= self.outputs.value.data <= 6
            or self.stride.value.data not in (1, 2)
        ):
            raise VerifyException("a block of a plane has three rows, one to six outputs, a stride of 1 or 2")
        verify_place(self.weights, 1, 16)
        verify_place(self.rows, 1, 32)
        verify_place(self.sums, 1, 32)


@irdl_op_definition
class SparseBlockOp(IRDLOperation):
    """A sum and the products of one row of encoded weights with data: `sum + sum over entries of w * x[k]`.

    The row is `count` entries of the encoding (dialects/fixed/layout.py), `delta8` or `delta4`, from a byte on; `k`
    counts elements of the data, bytes one after the other from an element on.

    ```mlir
    %1 = mcu.sparse_block "delta4" %w[%at] data %x[%c0, %c0] count %n sum %acc
        : memref<1189xi8, "flash">, memref<1x256xi8>
    ```
    """

    name = "mcu.sparse_block"
    encoding = prop_def(StringAttr)
    weights = operand_def(MemRefType)
    at = operand_def(IndexType())
    data = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    count = operand_def(IndexType())
    sum = operand_def(IntegerType(24))
    result = result_def(IntegerType(24))
    assembly_format = (
        "$encoding $weights `[` $at `]` `data` $data `[` $indices `]` `count` $count `sum` $sum attr-dict "
        "`:` type($weights) `,` type($data)"
    )

    def __init__(
        self,
        encoding: str,
        weights: SSAValue,
        at: SSAValue,
        place: tuple[SSAValue, Sequence[SSAValue]],
        count: SSAValue,
        sum: SSAValue,
    ):
        super().__init__(
            operands=[weights, at, place[0], place[1], count, sum],
            properties={"encoding": StringAttr(encoding)},
            result_types=[IntegerType(24)],
        )

    def verify_(self) -> None:
        if self.encoding.data not in ("delta8", "delta4"):
            raise VerifyException(f"a sparse block has weights of delta8 or delta4, not of {self.encoding.data}")
        verify_place(self.weights, 1, 8)
        verify_place(self.data, len(self.indices), 8)


@irdl_op_definition
class DirectBlockOp(IRDLOperation):
    """Add products of weights and data, both bytes, to sums: some channels at one or two pixels.

    `window [channels, pixels, rows, taps, pitch]`: `sums[p * channels + c] += sum over rows r, taps t of
    w[(r * taps + t) * channels + c] * x_p[r * pitch + t]`, from an element of the weights on; `x_p` are bytes from an
    element of the data on, one for each pixel (two may lie in rows of their own). No sum leaves the type of the sums.

    ```mlir
    mcu.direct_block %w[%group, %c0] data(%x, %x) at(%i, %c0, %i, %c6) sums %sums window [2, 2, 5, 30, 72]
        : memref<8x300xi8, "flash"> (memref<12x72xi8>, memref<12x72xi8>) memref<4xi24>
    ```
    """

    name = "mcu.direct_block"
    weights = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    data = var_operand_def(MemRefType)
    at = var_operand_def(IndexType())
    sums = operand_def(MemRefType)
    window = prop_def(DenseArrayBase.constr(i64))
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$weights `[` $indices `]` `data` `(` $data `)` `at` `(` $at `)` `sums` $sums `window` $window attr-dict "
        "`:` type($weights) `(` type($data) `)` type($sums)"
    )

    def __init__(
        self,
        weights: SSAValue,
        indices: Sequence[SSAValue],
        places: Sequence[tuple[SSAValue, Sequence[SSAValue]]],
        sums: SSAValue,
        window: Sequence[int],
    ):
        at = [index for _, indices in places for index in indices]
        properties = {"window": DenseArrayBase.from_list(i64, window)}
        super().__init__(operands=[weights, indices, [data for data, _ in places], at, sums], properties=properties)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Channels, pixels, rows of taps, taps of a row, and bytes from a row to the next."""
        return tuple(int(number) for number in self.window.get_values())

    @property
    def places(self) -> list[tuple[SSAValue, list[SSAValue]]]:
        """Where the data of each pixel begin: a memref and its indices."""
        size = len(self.at) // max(len(self.data), 1)
        return [(data, list(self.at[n * size : (n + 1) * size])) for n, data in enumerate(self.data)]

    def verify_(self) -> None:
        if len(self.numbers) != 5 or min(self.numbers) < 1:
            raise VerifyException("a window has five numbers of at least 1")
        channels, pixels, rows, taps, pitch = self.numbers
        if channels > 4 or pixels > 2 or channels * pixels > 4 or rows > 255 or (rows > 1 and pitch < taps):
            raise VerifyException("a block has at most four sums, two pixels and 255 rows, one after the other")
        if len(self.data) != pixels or len(self.at) % pixels:
            raise VerifyException(f"a block of {pixels} pixels has as many places of data")
        verify_place(self.weights, len(self.indices), 8)
        for data, indices in self.places:
            verify_place(data, len(indices), 8)
        type = self.sums.type
        if not isinstance(type, MemRefType) or type.element_type not in (IntegerType(24), i32):
            raise VerifyException(f"expected sums of i24 or i32, got {type}")
        if type.get_num_dims() != 1 or type.get_shape()[0] < channels * pixels:
            raise VerifyException(f"a block of {channels} channels and {pixels} pixels has {channels * pixels} sums")


def element_bits(memref: SSAValue) -> int | None:
    """The width of a memref's elements; None where they are no integers."""
    element = memref.type.element_type if isinstance(memref.type, MemRefType) else None
    return element.width.data if isinstance(element, IntegerType) else None


@irdl_op_definition
class ClippedBlockOp(IRDLOperation):
    """Add products of a window, as far as it lies in the data, to the sums of one to four channels; bytes.

    `window [channels, each, taps, pitch, step, offset]`, `rows` and `count` at run time: `sums[c] += sum over rows r,
    taps t < count of w[(r * taps + t) * channels + c] * (x[r * pitch + t * step + (each ? c : 0)] + offset)`. The
    offset is 0, or 128, which makes the data bytes without sign. No sum leaves 24 bits.

    ```mlir
    mcu.clipped_block %w[%g, %t] data %x[%i, %j, %k] sums %sums rows %n count %m window [4, 1, 3, 96, 12, 128]
        : memref<3x36xi8, "flash">, memref<8x8x12xi8>, memref<4xi24>
    ```
    """

    name = "mcu.clipped_block"
    weights = operand_def(MemRefType)
    indices = var_operand_def(IndexType())
    data = operand_def(MemRefType)
    at = var_operand_def(IndexType())
    rows = operand_def(IndexType())
    count = operand_def(IndexType())
    sums = operand_def(MemRefType)
    window = prop_def(DenseArrayBase.constr(i64))
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$weights `[` $indices `]` `data` $data `[` $at `]` `sums` $sums `rows` $rows `count` $count `window` $window "
        "attr-dict `:` type($weights) `,` type($data) `,` type($sums)"
    )

    def __init__(
        self,
        weights: tuple[SSAValue, Sequence[SSAValue]],
        place: tuple[SSAValue, Sequence[SSAValue]],
        counts: tuple[SSAValue, SSAValue],
        sums: SSAValue,
        window: Sequence[int],
    ):
        properties = {"window": DenseArrayBase.from_list(i64, window)}
        super().__init__(operands=[*weights, *place, *counts, sums], properties=properties)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Channels, whether each has data of its own, taps of a row, bytes to the next row and tap, the offset."""
        return tuple(int(number) for number in self.window.get_values())

    def verify_(self) -> None:
        if len(self.numbers) != 6:
            raise VerifyException("a clipped window has six numbers")
        channels, each, taps, pitch, step, offset = self.numbers
        if not (1 <= channels <= 4 and each in (0, 1) and 1 <= taps <= 255 and offset in (0, 128)):
            raise VerifyException("a clipped block has one to four channels, 255 taps at most, an offset of 0 or 128")
        if pitch < 1 or step < (channels if each else 1):
            raise VerifyException("a clipped block moves forward")
        verify_place(self.weights, len(self.indices), 8)
        verify_place(self.data, len(self.at), 8)
        type = self.sums.type
        if not isinstance(type, MemRefType) or type.element_type != IntegerType(24) or type.get_num_dims() != 1:
            raise VerifyException(f"expected sums of i24, got {type}")


def verify_place(memref: SSAValue, indices: int, bits: int) -> None:
    """Raise VerifyException unless a memref has elements of so many bits and so many dimensions."""
    type = memref.type
    if not isinstance(type, MemRefType) or type.get_num_dims() != indices:
        raise VerifyException(f"expected one index for each dimension of {type}, got {indices}")
    if type.element_type != {8: i8, 16: i16, 32: i32}[bits]:
        raise VerifyException(f"expected a memref of i{bits}, got {type}")


Mcu = Dialect(
    "mcu",
    [
        MachineOp,
        LoadWordOp,
        AtOp,
        DotBlockOp,
        ByteBlockOp,
        LanesBlockOp,
        PlaneBlockOp,
        DirectBlockOp,
        ClippedBlockOp,
        SparseBlockOp,
    ],
    [],
)
