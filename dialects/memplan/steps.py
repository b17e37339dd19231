"""What takes a step of time besides a structured form: opaque steps, and streams of forms in slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    MemRefType,
    StringAttr,
    i32,
)
from xdsl.ir import Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import NoTerminator
from xdsl.utils.exceptions import VerifyException

from ..dense import from_numpy, to_numpy
from ..fixed.forms import ReduceOp
from ..fixed.scalar import YieldOp
from ..fixed.structured import StructuredForm
from ..fixed.types import IntsAttr, Reduction

TIMES = "memplan.times"
"""The attribute of a function whose steps have times of their own: an i64 for each, ascending."""


@irdl_op_definition
class OpaqueOp(IRDLOperation):
    """A step that reads all of `ins`, then writes all of `outs`, and means nothing: no level can run it.

    It is the entry point for research: any graph can be scheduled, placed and checked.

    ```mlir
    memplan.opaque ins(%a, %b : memref<8xi8>, memref<4xi8>) outs(%c : memref<16xi8>) node "add"
    ```
    """

    name = "memplan.opaque"
    ins = var_operand_def(MemRefType)
    outs = var_operand_def(MemRefType)
    node = opt_prop_def(StringAttr)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "(`ins` `(` $ins^ `:` type($ins) `)`)? `outs` `(` $outs `:` type($outs) `)` (`node` $node^)? attr-dict"
    )

    def __init__(self, ins: Sequence[SSAValue], outs: Sequence[SSAValue], node: str | None = None):
        super().__init__(operands=[ins, outs], properties={"node": None if node is None else StringAttr(node)})

    def verify_(self) -> None:
        if not self.outs:
            raise VerifyException("an opaque step writes at least one memref")


@irdl_op_definition
class StreamOp(IRDLOperation):
    """Run the forms of the region slice by slice: a slice is a form with one dimension of its domain held at a value.

    `along` names that dimension for each form, `order` lists the slices in order of execution as pairs (form, value).
    Each value of each form's dimension occurs exactly once, in increasing order. Along a reduction dimension the slices
    accumulate in the destination; such a form is a `fixed.reduce` that yields its accumulator unchanged.

    ```mlir
    memplan.stream along <0, 0> order dense<[[0, 0], [0, 1], [1, 0], [0, 2], [1, 1], [1, 2]]> : tensor<6x2xi32> {
      fixed.reduce max ins(%x : memref<1x6x8x!fixed.q<i8, 2^-4>>) outs(%y : memref<1x3x8x!fixed.q<i8, 2^-4>>) ...
      fixed.map ins(%y : memref<1x3x8x!fixed.q<i8, 2^-4>>) outs(%z : memref<1x3x8x!fixed.q<i8, 2^-4>>) ...
    }
    ```
    """

    name = "memplan.stream"
    along = prop_def(IntsAttr)
    order = prop_def(DenseIntOrFPElementsAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator())
    assembly_format = "`along` $along `order` $order attr-dict-with-keyword $body"

    def __init__(self, along: Sequence[int], order: NDArray[Any], body: Region):
        pairs = np.asarray(order, np.int32)
        super().__init__(
            properties={
                "along": IntsAttr(tuple(along)),
                "order": from_numpy(pairs),
            },
            regions=[body],
        )

    @property
    def forms(self) -> tuple[StructuredForm, ...]:
        """The forms that the first numbers of `order` mean."""
        return tuple(op for op in self.body.block.ops if isinstance(op, StructuredForm))

    @property
    def dims(self) -> tuple[int, ...]:
        """Per form, the dimension of its domain along which it runs."""
        return self.along.data

    @property
    def slices(self) -> NDArray[Any]:
        """The slices in order of execution, shape (slices, 2): form, value."""
        return to_numpy(self.order)

    def verify_(self) -> None:
        forms = self.forms
        if len(forms) != len(self.body.block.ops) or any(form.outs is None for form in forms):
            raise VerifyException("a stream holds structured forms on memrefs and nothing else")
        if len(forms) != len(self.dims):
            raise VerifyException(f"`along` names {len(self.dims)} dimensions for {len(forms)} forms")
        for form, dim in zip(forms, self.dims, strict=True):
            if not 0 <= dim < len(form.sizes):
                raise VerifyException(f"a form of {len(form.sizes)} dimensions has no dimension {dim}")
            if dim >= len(form.domain.parallel.data) and not accumulates(form):
                raise VerifyException(
                    "only a fixed.reduce whose body yields its accumulator runs along a reduction dimension"
                )
        type = self.order.type
        if self.order.get_element_type() != i32 or len(type.get_shape()) != 2 or type.get_shape()[1] != 2:
            raise VerifyException("`order` is a list of pairs of i32")
        slices = self.slices
        for number, (form, dim) in enumerate(zip(forms, self.dims, strict=True)):
            values = slices[slices[:, 0] == number, 1]
            if not np.array_equal(values, np.arange(form.sizes[dim])):
                raise VerifyException(
                    f"the slices of form {number} must be 0 to {form.sizes[dim] - 1}, each once and in this order"
                )
        if len(slices) != sum(form.sizes[dim] for form, dim in zip(forms, self.dims, strict=True)):
            raise VerifyException("`order` names a form that the region does not have")


def accumulates(form: StructuredForm) -> bool:
    """True where partial results of a form can be combined in its destination: its body yields the accumulator."""
    block = form.body.block
    last = block.last_op
    return (
        isinstance(form, ReduceOp)
        and form.kind.data is not Reduction.ARGMAX
        and isinstance(last, YieldOp)
        and last.values[0] is block.args[0]
    )
