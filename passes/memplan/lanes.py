"""`memplan-lanes`: how many points of a form hardware computes at once, the same number for each form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import gcd

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, StringAttr, i64
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass

from ...dialects.access import Linear, linear_map
from ...dialects.errors import UserError
from ...dialects.fixed import ConstantOp, ContractOp
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.scalar import RescaleOp
from ...dialects.fixed.structured import StructuredForm, shaped_type
from ...dialects.mcu import LANES, LOGIC, MULTIPLIERS, SHARED
from ...dialects.memplan import round_dims
from ...dialects.memplan.liveness import root_of


@dataclass(frozen=True)
class LanesPass(ModulePass):
    """Put `hls.lanes`, a number for each dimension of the domain, on the forms that offer lanes.

    Lanes are the last dimension of the reduction, what is left those of the last parallel dimension: both where
    buffers are read and written in neighbouring elements that fill a word; constants are laid out as they are read.
    `multipliers` (shared, logic) says what makes the products of all. What only maps elements, and multiplies or
    divides for that, has none: each lane would need its own divider.
    """

    name = "memplan-lanes"
    lanes: int = 1
    multipliers: str = ""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.lanes < 1 or self.lanes & (self.lanes - 1):
            raise UserError(f"{self.name}: lanes is a power of two, got {self.lanes}")
        if self.multipliers not in ("", SHARED, LOGIC):
            raise UserError(f"{self.name}: multipliers is {SHARED} or {LOGIC}, not '{self.multipliers}'")
        for form in [o for o in op.walk() if isinstance(o, StructuredForm)]:
            if self.multipliers and isinstance(form, ContractOp):
                form.attributes[MULTIPLIERS] = StringAttr(self.multipliers)
            lanes = lanes_of_form(form, self.lanes)
            if any(number > 1 for number in lanes) and not is_costly(form):
                form.attributes[LANES] = DenseArrayBase.from_list(i64, lanes)


def is_costly(form: StructuredForm) -> bool:
    """True for a map whose body multiplies or divides."""
    if not isinstance(form, MapOp):
        return False
    ops = list(form.body.block.ops)
    scales = any(isinstance(op, RescaleOp) and op.multiplier is not None for op in ops)
    return scales or any(isinstance(op, arith.MuliOp | arith.DivSIOp) for op in ops)


def lanes_of_form(form: StructuredForm, most: int) -> list[int]:
    """The lanes of each dimension of a form, together at most so many."""
    parallel, lanes, left = len(form.domain.parallel.data), [1] * len(form.sizes), most
    held = {*form.held_dims, *round_dims(form)}
    for dims in (range(parallel, len(form.sizes)), range(parallel)):
        moving = [dim for dim in dims if form.sizes[dim] > 1 and dim not in held]
        if moving and left > 1:
            dim = moving[-1]
            lanes[dim] = next(n for n in powers(left) if form.sizes[dim] % n == 0 and fits(form, dim, n))
            left //= lanes[dim]
    return lanes


def powers(most: int) -> Iterable[int]:
    """Powers of two from the greatest on."""
    while most > 1:
        yield most
        most //= 2
    yield 1


def fits(form: StructuredForm, dim: int, number: int) -> bool:
    """Whether so many lanes of a dimension take one element of each buffer, or so many that fill a word.

    What is written at another place in each round of a loop around is written an element at a time.
    """
    if number == 1:
        return True
    target = address_of(form.out_map, shaped_type(form.target).get_shape())
    if any(target.coefficients[dim] for dim in round_dims(form)):
        return False
    accesses = [*zip(form.ins, form.in_maps, strict=True), *zip(form.params, form.param_maps, strict=True)]
    accesses.append((form.target, form.out_map))
    for value, access in accesses:
        if isinstance(root_of(value).owner, ConstantOp):
            continue
        address = address_of(access, shaped_type(value).get_shape())
        moved = address.coefficients[dim]
        if moved == 0:
            continue
        others = [c for d, c in enumerate(address.coefficients) if d != dim and form.sizes[d] > 1]
        if moved != 1 or gcd(address.offset, *others) % number:
            return False
    return True


def address_of(access: AffineMap, shape: tuple[int, ...]) -> Linear:
    """The row-major number of the element that an access takes."""
    coefficients, offset, stride = [0] * access.num_dims, 0, 1
    for index, size in zip(reversed(linear_map(access)), reversed(shape), strict=True):
        coefficients = [a + stride * b for a, b in zip(coefficients, index.coefficients, strict=True)]
        offset += stride * index.offset
        stride *= size
    return Linear(tuple(coefficients), offset)
