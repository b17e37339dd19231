"""About how many cycles each form takes, from the prices of its core (`targets/cores/*.toml`).

    products * (mac + what 16 bits add)  +  elements * (body + products in the body * product)

Products of an encoded constant cost what its entries do. The figures are estimates: order and shares hold, the sum may
be off by a third. `tinyml run` measures it.
"""

from __future__ import annotations

from math import prod

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from ...dialects.dense import to_numpy
from ...dialects.fixed import ConstantOp
from ...dialects.fixed.forms import ContractOp, MapOp, StructuredForm, scalar_type, shaped_type
from ...dialects.fixed.layout import Encoding, encode
from ...dialects.fixed.scalar import RescaleOp
from ...dialects.memplan.loops import rounds_of
from ...targets.core import Core


def form_cycles(form: StructuredForm, core: Core) -> int:
    """About so many cycles in all runs of a form."""
    elements = prod(size for dim, size in enumerate(form.domain.parallel.data) if dim not in form.held_dims)
    once = products(form, core) if isinstance(form, ContractOp) else 0.0
    if not isinstance(form, ContractOp | MapOp):
        once += core.cycles["mac"] * elements * prod(form.domain.reduction.data)
    return round(rounds_of(form) * (once + elements * element_cycles(form, core)))


def products(form: ContractOp, core: Core) -> float:
    """The cycles of the multiply-accumulates of one run."""
    prices, each = core.cycles, core.cycles["mac"]
    for value in form.ins:
        if scalar_type(shaped_type(value).element_type).width.data > 8:
            each += prices["mac_wide_weight" if isinstance(value.owner, ConstantOp) else "mac_wide_input"]
    for value in form.ins:
        constant = value.owner
        if isinstance(constant, ConstantOp) and constant.layout is not None and core.layout_cycles:
            wide = each - prices["mac"]
            return form.macs * (encoded_cycles(constant, core) / max(1, to_numpy(constant.value).size) + wide)
    return form.macs * each


def encoded_cycles(constant: ConstantOp, core: Core) -> float:
    """The cycles of a walk through all rows of an encoded constant."""
    assert constant.layout is not None
    prices, encoding = core.layout_cycles, constant.layout.encoding.data
    values = to_numpy(constant.value)
    elements = prices["bitmap_element"] * int((values != 0).sum()) if encoding is Encoding.BITMAP else 0.0
    return elements + prices[encoding] * encode(values, constant.layout).entries


def element_cycles(form: StructuredForm, core: Core) -> float:
    """The cycles of a form's body, for one element."""
    wide = sum(
        (isinstance(op, RescaleOp) and op.multiplier is not None)
        or (isinstance(op, arith.MuliOp) and width(op.result) > 16)
        for op in form.body.block.ops
    )
    return core.cycles["body"] + core.cycles["product"] * wide


def width(value: SSAValue) -> int:
    """The bits of a scalar."""
    return scalar_type(value.type).width.data
