"""IntegerUnary and IntegerBinary: the arithmetic of a type, exact, and wrapping around where ONNX's does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from ....dialects import onnx
from ....dialects.errors import UserError
from ....dialects.fixed.types import storage_limits
from ..bodies import Body
from ..builder import FixedBuilder, element_of, shape_of
from ..elementwise import elementwise, name_of
from .bounds import bounds_of
from .narrow import narrow_constants, stored_type
from .numbers import Number, Numbers, TooWide
from .wrapping import HALF, low_product, operate, wrapped

Function = Callable[[Numbers, IntegerType, Sequence[Number]], Number]
"""Writes a function of numbers of a storage type."""


def absolute(n: Numbers, storage: IntegerType, x: Sequence[Number]) -> Number:
    """x or -x, whichever is not negative; the least integer stays."""
    if x[0].low >= 0:
        return x[0]
    negative = n.test("slt", x[0], n.constant(0))
    return n.choose(negative, operate(n, "sub", n.constant(0), x[0], storage), x[0])


def sign(n: Numbers, storage: IntegerType, x: Sequence[Number]) -> Number:
    """-1, 0 or 1"""
    return n.within(x[0], -1, 1)


def inverted(n: Numbers, storage: IntegerType, x: Sequence[Number]) -> Number:
    """Every bit inverted: -1 - x, of unsigned integers the greatest less x."""
    low, high = storage_limits(storage)
    return n.sub(n.constant(-1 if low else high), x[0])


def size(n: Numbers, x: Number) -> Number:
    """max(|x|, 1)"""
    if x.low == x.high:
        return n.constant(max(1, abs(x.low)))
    return n.greatest(x if x.low >= 0 else n.greatest(x, n.neg(x)), n.constant(1))


def negated_with(n: Numbers, x: Number, signs: Number) -> Number:
    """-x where `signs` is negative, else x."""
    if signs.low >= 0:
        return x
    return n.neg(x) if signs.high < 0 else n.choose(n.test("slt", signs, n.constant(0)), n.neg(x), x)


def divide(n: Numbers, storage: IntegerType, x: Sequence[Number]) -> Number:
    """x / y towards zero; by 0 it is x."""
    quotient = n.divide(x[0], size(n, x[1]))
    return wrapped(n, negated_with(n, quotient, x[1]), storage)


def remainder(n: Numbers, storage: IntegerType, x: Sequence[Number]) -> Number:
    """x - y * (x / y), of the sign of x; by 0 it is 0."""
    by = size(n, x[1])
    quotient = n.divide(x[0], by)
    if x[0].low < 0 or x[0].high >> HALF or by.high >> HALF:
        rest = n.sub(x[0], n.mul(quotient, by))
    else:  # the product is at most x, which intervals do not see: 32 bits of it are all
        rest = n.sub(x[0], low_product(n, quotient, by))
    return n.within(rest, 1 - by.high if x[0].low < 0 else 0, by.high - 1 if x[0].high > 0 else 0)


def modulo(n: Numbers, storage: IntegerType, x: Sequence[Number]) -> Number:
    """The remainder with the divisor added where their signs differ."""
    rest = remainder(n, storage, x)
    if rest.low >= 0 and x[1].low >= 0:
        return rest
    zero = n.constant(0)
    against = n.choose(n.test("slt", x[1], zero), n.neg(rest), rest)
    moved = n.choose(n.test("slt", against, zero), n.add(rest, x[1]), rest)
    return n.within(moved, min(0, x[1].low + 1), max(0, x[1].high - 1))


def joined(op: type[arith.AndIOp] | type[arith.OrIOp] | type[arith.XOrIOp]) -> Function:
    """A bitwise function: of numbers that are not negative it has as many bits as the longer one."""

    def write(n: Numbers, storage: IntegerType, x: Sequence[Number]) -> Number:
        bits = max((v if v >= 0 else ~v).bit_length() for number in x for v in (number.low, number.high))
        positive = all(number.low >= 0 for number in x)
        least = 0 if positive else -(1 << bits)
        if op is arith.AndIOp:
            high = [number.high for number in x if number.low >= 0]
            return n.combined(op, x[0], x[1], 0 if high else least, min(high, default=(1 << bits) - 1))
        return n.combined(op, x[0], x[1], least, (1 << bits) - 1)

    return write


def shift(left: bool) -> Function:
    """x * 2^y or x / 2^y in so many bits; beyond them (y < 0 as well) 0, or -1 as the sign says."""

    def write(n: Numbers, storage: IntegerType, x: Sequence[Number]) -> Number:
        """The shift with its amount limited to the width, and what lies beyond chosen apart."""
        bits, (a, b) = storage.width.data, x
        last = n.constant(bits - 1)
        amount = n.choose(n.test("slt", b, n.constant(0)), last, b) if b.low < 0 else b
        amount = n.within(amount, 0, bits - 1)
        if left:
            whole = n.masked(a, bits)
            moved = wrapped(n, n.combined(arith.ShLIOp, whole, amount, 0, whole.high << bits - 1), storage)
        else:
            moved = n.combined(
                arith.ShRSIOp, a, amount, min(a.low, 0), max(a.high, 0) if a.low >= 0 else max(a.high, -1)
            )
        beyond = b.low < 0 or b.high >= bits
        if not beyond or (a.low < 0 and not left):
            return moved
        inside = n.test("eq", amount, b)
        return n.choose(inside, moved, n.constant(0))

    return write


FUNCTIONS: Mapping[str, Function] = {
    "abs": absolute,
    "neg": lambda n, storage, x: operate(n, "sub", n.constant(0), x[0], storage),
    "not": inverted,
    "sign": sign,
    "add": lambda n, storage, x: operate(n, "add", x[0], x[1], storage),
    "sub": lambda n, storage, x: operate(n, "sub", x[0], x[1], storage),
    "mul": lambda n, storage, x: operate(n, "mul", x[0], x[1], storage),
    "div": divide,
    "mod": modulo,
    "remainder": remainder,
    "min": lambda n, storage, x: n.least(x[0], x[1]),
    "max": lambda n, storage, x: n.greatest(x[0], x[1]),
    "and": joined(arith.AndIOp),
    "or": joined(arith.OrIOp),
    "xor": joined(arith.XOrIOp),
    "shift_left": shift(left=True),
    "shift_right": shift(left=False),
}
"""The functions on integers."""


def lower_integers(builder: FixedBuilder, op: onnx.IntegerUnaryOp | onnx.IntegerBinaryOp) -> SSAValue:
    """A map; raises UserError where 64 bits may not hold what is computed on the way."""
    narrow_constants(builder, *op.operands)
    storage = builder.type_of(op.results[0]).storage
    model = element_of(op.results[0])
    is_truth = isinstance(model, IntegerType) and model.width.data == 1
    body = Body([builder.type_of(operand).storage for operand in op.operands])
    n = Numbers(body)
    numbers = [n.argument(index, *bounds_of(builder, operand)) for index, operand in enumerate(op.operands)]
    try:
        if is_truth:
            result = of_truths(n, op.function.data, numbers)
        else:
            result = FUNCTIONS[op.function.data](n, storage, numbers)
        y = stored_type(builder, op.results[0], result.low, result.high)
        value = n.stored(result, y.storage)
    except TooWide:
        raise UserError(
            f"{op.name} '{name_of(op)}': `{op.function.data}` of any {storage} may need more than 64 bits; "
            "put a Cast to int32 before it"
        ) from None
    builder.bounds[op.results[0]] = (result.low, result.high)
    inputs = [builder.value(operand) for operand in op.operands]
    return elementwise(builder, inputs, y, shape_of(op.results[0]), body, value, name_of(op))


def of_truths(n: Numbers, function: str, x: Sequence[Number]) -> Number:
    """A function of truth values: 0 is false, all else is true."""
    truths = [number if number.high <= 1 else n.flag(n.test("ne", number, n.constant(0))) for number in x]
    if function == "not":
        return n.sub(n.constant(1), truths[0])
    return FUNCTIONS[function](n, IntegerType(8), truths)
