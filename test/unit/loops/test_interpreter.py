"""The loops of every form, run by xDSL's interpreter, give the integers of the numpy executor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from support.loops_interpreter import Array, run_loops
from xdsl.context import Context
from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.parser import Parser

from tinyml_opt.dialects.dense import dtype_of, to_numpy
from tinyml_opt.dialects.fixed import ConstantOp, Fixed
from tinyml_opt.dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from tinyml_opt.dialects.mcu import Mcu
from tinyml_opt.dialects.memplan import AliasOp, ArenaOp, BufferOp, Memplan, ViewOp
from tinyml_opt.lowering.memplan_to_loops.convert import ConvertMemplanToLoopsPass
from tinyml_opt.passes.loops.pipeline import PipelinePass
from tinyml_opt.targets.executors.forms import evaluate_form


def parse(text: str) -> ModuleOp:
    """A verified module."""
    ctx = Context()
    for dialect in (Fixed, Memplan, Mcu, arith.Arith, func.Func, scf.Scf, memref.MemRef, Builtin):
        ctx.load_dialect(dialect)
    module = Parser(ctx, text).parse_module()
    module.verify()
    return module


# The reference: the plan itself, form by form.


def empty(value: SSAValue) -> Array:
    """An array for a memref of a plan."""
    type = shaped_type(value)
    return np.full(type.get_shape(), 0x5A, dtype_of(scalar_type(type.element_type)))


def within(source: Array, offset: int, value: SSAValue) -> Array:
    """A memref over the bytes of another."""
    like = empty(value)
    return source.reshape(-1).view(np.uint8)[offset : offset + like.nbytes].view(like.dtype).reshape(like.shape)


def run_plan(module: ModuleOp, inputs: list[Array], outputs: list[Array]) -> None:
    """Run a plan with the executor of forms; it fills `outputs`."""
    function = next(op for op in module.ops if isinstance(op, func.FuncOp))
    arrays: dict[SSAValue, Array] = dict(zip(function.args, (*inputs, *outputs), strict=True))
    for op in function.body.block.ops:
        run_plan_op(op, arrays)


def run_plan_op(op: Operation, arrays: dict[SSAValue, Array]) -> None:
    """One op of a plan."""
    match op:
        case ConstantOp():
            arrays[op.result] = np.array(to_numpy(op.value)).view(empty(op.result).dtype)
        case ArenaOp() | BufferOp():
            arrays[op.result] = empty(op.result)
        case ViewOp():
            arrays[op.result] = within(arrays[op.arena], op.offset.value.data, op.result)
        case AliasOp():
            arrays[op.result] = within(arrays[op.source], op.offset.value.data, op.result)
        case StructuredForm():
            ins, params, tables = ([arrays[v] for v in group] for group in (op.ins, op.params, op.tables))
            evaluate_form(op, [i[None] for i in ins], params, tables, arrays[op.target][None])
        case _:
            pass


def random_like(generator: np.random.Generator, value: SSAValue) -> Array:
    """Any integers of a memref's storage."""
    like = empty(value)
    limits = np.iinfo(like.dtype)
    return generator.integers(limits.min, limits.max, like.shape, like.dtype, endpoint=True)


# The cases: `(name, plan)`.


def plan(arguments: str, body: str) -> str:
    """A plan as text; the arguments are named %x.. (inputs) and %y.. (outputs)."""
    return f"func.func @net({arguments}) {{\n{body}\nfunc.return\n}}"


def saturating(acc: str, out: str, bounds: str, arguments: str = "", shift: str = "shift 7 half_up in i32") -> str:
    """A body that requantizes an accumulator."""
    return (
        f"{{ ^bb0(%acc: {acc}{arguments}): %0 = fixed.rescale %acc {shift} : {acc} -> {acc}\n"
        f"%1 = fixed.saturate %0 to [{bounds}] : {acc} -> {out}\n fixed.yield %1 : {out} }}"
    )


def conv(size: int, kernel: int, stride: int, dilation: int, pad: int) -> str:
    """A padded 2-D convolution of ui8 with 2 input and 3 output channels."""
    out = (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
    seen = f"memref<1x{size}x{size}x2x!fixed.q<ui8, 0.1 : 7>>"
    result = f"memref<1x{out}x{out}x3xi8>"
    weights = np.random.default_rng(3).integers(-128, 127, (3, kernel, kernel, 2)).tolist()
    window = [f"{d} * {stride} + {k} * {dilation} - {pad}" for d, k in ("ad", "be")]
    body = f"""%w = fixed.constant dense<{weights}> : tensor<3x{kernel}x{kernel}x2xi8>
        as memref<3x{kernel}x{kernel}x2xi8, "flash">
      fixed.contract ins(%x, %w : {seen}, memref<3x{kernel}x{kernel}x2xi8, "flash">) outs(%y : {result})
        domain <{out}, {out}, 3 | {kernel}, {kernel}, 2>
        maps [affine_map<(a, b, c, d, e, f) -> (0, {window[0]}, {window[1]}, f)>,
              affine_map<(a, b, c, d, e, f) -> (c, d, e, f)>, affine_map<(a, b, c, d, e, f) -> (0, a, b, c)>]
        zero_points <7, -3> acc i32 node "conv" {saturating("i32", "i8", "-128, 127")}"""
    return plan(f"%x: {seen}, %y: {result}", body)


def pool(kind: str, element: str, acc: str, body: str, out: str, zero_point: int = 0) -> str:
    """A 3x3 window with stride 2 and padding 1 over 5x5 elements with 2 channels."""
    return plan(
        f"%x: memref<1x5x5x2x{element}>, %y: memref<1x3x3x2x{out}>",
        f"""fixed.reduce {kind} ins(%x : memref<1x5x5x2x{element}>) outs(%y : memref<1x3x3x2x{out}>)
        domain <3, 3, 2 | 3, 3>
        maps [affine_map<(a, b, c, d, e) -> (0, a * 2 + d - 1, b * 2 + e - 1, c)>,
              affine_map<(a, b, c, d, e) -> (0, a, b, c)>] zero_point <{zero_point}> acc {acc} {body}""",
    )


def rounding(mode: str, shift: int, multiplier: int | None = 1717986919, element: str = "i32") -> str:
    """64 random elements times a 31-bit multiplier, rounded."""
    by, types = ("", "i32") if multiplier is None else ("by %m", "i32, i32")
    return plan(
        f"%x: memref<64x{element}>, %y: memref<64xi32>",
        f"""%p = fixed.constant dense<{multiplier or 0}> : tensor<1xi32> as memref<1xi32, "flash">
      fixed.map ins(%x : memref<64x{element}>) params(%p : memref<1xi32, "flash">) outs(%y : memref<64xi32>)
        domain <64> maps [affine_map<(i) -> (i)>, affine_map<(i) -> (0)>, affine_map<(i) -> (i)>] {{
      ^bb0(%element: {element}, %m: i32):
        %e = fixed.extend %element : {element} -> i32
        %0 = fixed.rescale %e {by} shift {shift} {mode} in i64 : {types} -> i64
        %1 = fixed.saturate %0 to [-2147483648, 2147483647] : i64 -> i32
        fixed.yield %1 : i32 }}""",
    )


def identity(kind: str) -> str:
    """The body that yields what it is given."""
    return f"{{ ^bb0(%e: {kind}): fixed.yield %e : {kind} }}"


def copy(source: str, target: str, type: str, count: int) -> str:
    """A map that copies one dimension."""
    element = type.rpartition("x")[2].removesuffix(">")
    return (
        f"fixed.map ins({source} : {type}) outs({target} : {type}) domain <{count}> "
        f"maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {identity(element)}"
    )


AVERAGE = """{ ^bb0(%s: i32):
  %c = arith.constant 7282 : i32
  %0 = fixed.rescale %s by %c shift 16 half_away in i64 : i32, i32 -> i32
  %1 = fixed.saturate %0 to [-128, 127] : i32 -> i8
  fixed.yield %1 : i8 }"""

DEPTHWISE = plan(
    "%x: memref<1x4x4x3xi8>, %y: memref<1x4x4x3xui8>",
    """%w = fixed.constant dense<[[[3, -5, 7], [-9, 11, 13], [2, 4, -6]]]> : tensor<1x3x3xi8>
      as memref<1x3x3xi8, "flash">
    %b = fixed.constant dense<[100, -200, 300]> : tensor<3xi16> as memref<3xi16, "flash">
    fixed.contract ins(%x, %w : memref<1x4x4x3xi8>, memref<1x3x3xi8, "flash">) params(%b : memref<3xi16, "flash">)
      outs(%y : memref<1x4x4x3xui8>) domain <4, 4, 3 | 1, 3>
      maps [affine_map<(a, b, c, d, e) -> (0, a + d, b + e - 1, c)>, affine_map<(a, b, c, d, e) -> (d, e, c)>,
            affine_map<(a, b, c, d, e) -> (c)>, affine_map<(a, b, c, d, e) -> (0, a, b, c)>]
      zero_points <0, 0> acc i32
    { ^bb0(%acc: i32, %bias: i16):
      %0 = fixed.extend %bias : i16 -> i32
      %1 = arith.addi %acc, %0 : i32
      %2 = fixed.rescale %1 shift 3 truncate in i32 : i32 -> i32
      %3 = fixed.saturate %2 to [1, 255] : i32 -> ui8
      fixed.yield %3 : ui8 }""",
)

POINTWISE_PADDED = plan(
    "%x: memref<3xi8>, %y: memref<5xi8>",
    f"""%w = fixed.constant dense<64> : tensor<1xi8> as memref<1xi8, "flash">
    fixed.contract ins(%x, %w : memref<3xi8>, memref<1xi8, "flash">) outs(%y : memref<5xi8>) domain <5 | 1>
      maps [affine_map<(a, b) -> (a + b - 1)>, affine_map<(a, b) -> (b)>, affine_map<(a, b) -> (a)>]
      zero_points <9, 0> acc i32 {saturating("i32", "i8", "-128, 100")}""",
)

UNUSED_DIMENSIONS = plan(
    "%x: memref<4xi8>, %y: memref<4xi8>",
    f"""fixed.reduce sum ins(%x : memref<4xi8>) outs(%y : memref<4xi8>) domain <2, 4 | 3>
      maps [affine_map<(a, b, c) -> (b)>, affine_map<(a, b, c) -> (b)>] zero_point <1> acc i32
    {saturating("i32", "i8", "-128, 127", shift="shift 1 floor in i32")}""",
)

ARGMAX = plan(
    "%x: memref<4x3x2xui8>, %y: memref<4xi32>",
    f"""fixed.reduce argmax ins(%x : memref<4x3x2xui8>) outs(%y : memref<4xi32>) domain <4 | 3, 2>
      maps [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> (a)>] zero_point <0> acc i32
      {identity("i32")}""",
)

TABLE = plan(
    "%x: memref<40xui8>, %b: memref<1xi8>, %y: memref<40xi16>",
    f"""%t = fixed.constant dense<{[(37 * i) % 500 - 250 for i in range(256)]}> : tensor<256xi16>
      as memref<256xi16, "flash">
    fixed.map ins(%x, %b : memref<40xui8>, memref<1xi8>) tables(%t : memref<256xi16, "flash">)
      outs(%y : memref<40xi16>) domain <40>
      maps [affine_map<(i) -> (i)>, affine_map<(i) -> (0)>, affine_map<(i) -> (i)>]
    {{ ^bb0(%e: ui8, %c: i8, %table: memref<256xi16, "flash">):
      %0 = fixed.lookup %table[%e] : memref<256xi16, "flash">, ui8 -> i16
      %1 = fixed.saturate %e to [3, 200] : ui8 -> ui8
      %2 = fixed.extend %1 : ui8 -> i16
      %3 = fixed.extend %c : i8 -> i16
      %4 = arith.addi %0, %2 : i16
      %5 = arith.addi %4, %3 : i16
      fixed.yield %5 : i16 }}""",
)

BYTES, WORDS = "memref<8xi8>", "memref<8xi16>"
PLACES = plan(
    "%x: memref<2x4xi8>, %v: memref<8xi16>, %y: memref<4x6xi8>, %z: memref<3x8xi16>",
    "\n".join(
        [
            '%arena = memplan.arena size 32 align 4 in "sram" : memref<32xi8>',
            f"%b = memplan.buffer : {BYTES}",
            f"%x8 = memplan.alias %x at 0 : memref<2x4xi8> -> {BYTES}",
            f"%a = memplan.view %arena at 4 : memref<32xi8> -> {BYTES}",
            "%a2 = memplan.view %arena at 12 : memref<32xi8> -> memref<2x8xi8>",
            f"%a3 = memplan.alias %a2 at 8 : memref<2x8xi8> -> {BYTES}",
            '%k = fixed.constant dense<[[1, 2], [3, 4], [5, 6], [7, 8]]> : tensor<4x2xi8> as memref<4x2xi8, "flash">',
            '%k8 = memplan.alias %k at 0 : memref<4x2xi8, "flash"> -> memref<8xi8, "flash">',
            f"%y0 = memplan.alias %y at 0 : memref<4x6xi8> -> {BYTES}",
            "%y1 = memplan.alias %y at 8 : memref<4x6xi8> -> memref<16xi8>",
            f"%y2 = memplan.alias %y1 at 8 : memref<16xi8> -> {BYTES}",
            f"%y3 = memplan.alias %y1 at 0 : memref<16xi8> -> {BYTES}",
            f"%z1 = memplan.alias %z at 16 : memref<3x8xi16> -> {WORDS}",
            copy("%x8", "%b", BYTES, 8),
            copy("%b", "%a", BYTES, 8),
            copy("%a", "%a3", BYTES, 8),
            f"memplan.retire %a : {BYTES}",
            copy("%a3", "%y0", BYTES, 8),
            copy("%a3", "%y2", BYTES, 8),
            copy("%v", "%z1", WORDS, 8),
            f'fixed.map ins(%k8 : memref<8xi8, "flash">) outs(%y3 : {BYTES}) domain <8> '
            f"maps [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>] {identity('i8')}",
        ]
    ),
)

ROUNDING_MODES = ("half_up", "half_even", "half_away", "tflite", "truncate", "floor")


def cases() -> Iterator[tuple[str, str]]:
    """All plans by name."""
    yield "conv", conv(5, 3, 2, 1, 1)
    yield "conv with dilation 2", conv(5, 3, 1, 2, 2)
    yield "conv with dilation 3 and more padding than input", conv(2, 3, 1, 3, 7)
    yield "conv without padding", conv(3, 2, 1, 1, 0)
    yield "depthwise", DEPTHWISE
    yield "pointwise with padding", POINTWISE_PADDED
    yield "dimensions that no index uses", UNUSED_DIMENSIONS
    yield "max pool", pool("max", "i8", "i8", identity("i8"), "i8")
    yield "max pool of ui8", pool("max", "!fixed.q<ui8, 0.5 : 9>", "ui8", identity("ui8"), "ui8")
    yield "min pool of ui8", pool("min", "ui8", "i16", identity("i16"), "i16")
    yield "average pool", pool("sum", "ui8", "i32", AVERAGE, "i8", 5)
    yield "argmax", ARGMAX
    yield "argmax with padding", pool("argmax", "i8", "i32", identity("i32"), "i32")
    yield "table", TABLE
    yield "places", PLACES
    for mode in ROUNDING_MODES:
        yield f"{mode}, 31 bits", rounding(mode, 31)
        yield f"{mode}, 37 bits", rounding(mode, 37)
        yield f"{mode}, many ties", rounding(mode, 33, 1 << 30, "i8")
        if mode != "tflite":
            yield f"{mode}, no multiplier", rounding(mode, 3, None)
            yield f"{mode}, no shift", rounding(mode, 0, None)


def run_both(text: str, padding: str, fill: int | None = None) -> tuple[list[Array], list[Array]]:
    """The outputs of a plan, from the plan and from its loops. Inputs are random, or all `fill`."""
    generator = np.random.default_rng(7)
    module = parse(text)
    function = next(op for op in module.ops if isinstance(op, func.FuncOp))
    is_output = [(argument.name_hint or "").startswith(("y", "z")) for argument in function.args]
    ports = list(zip(function.args, is_output, strict=True))
    inputs = [random_like(generator, value) for value, is_out in ports if not is_out]
    if fill is not None:
        inputs = [np.full_like(array, fill) for array in inputs]
    expected, actual = ([empty(value) for value, is_out in ports if is_out] for _ in range(2))
    run_plan(module, inputs, expected)
    ConvertMemplanToLoopsPass(padding=padding).apply(Context(), module)
    PipelinePass().apply(Context(), module)
    module.verify()
    run_loops(module, inputs, actual)
    return expected, actual


@pytest.mark.parametrize("padding", ["clip", "guard"])
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in cases()])
def test_loops_give_the_integers_of_the_plan(text: str, padding: str):
    expected, actual = run_both(text, padding)
    for want, got in zip(expected, actual, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("padding", ["clip", "guard"])
def test_argmax_skips_padding_when_all_elements_are_the_least(padding: str):
    text = pool("argmax", "i8", "i32", identity("i32"), "i32")
    expected, actual = run_both(text, padding, fill=-128)
    assert expected[0].reshape(-1)[0] == 4
    np.testing.assert_array_equal(actual[0], expected[0])
