"""fixed-fold-transposes: no transpose is left to run time where layouts can be chosen instead.

The lowering from ONNX puts a transpose before and after everything that computes on NHWC. Here they move through maps
until they meet and cancel, into constants, into weights behind a flatten, and into the ports of the model. What is left
then is absorbed by the access map of a neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    PatternRewriter,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.rewriter import InsertPoint

from ...dialects.dense import from_numpy, to_numpy
from ...dialects.fixed import ConstantOp, ReshapeOp
from ...dialects.fixed.forms import MapOp
from ...dialects.fixed.structured import StructuredForm, shaped_type
from ..rewriting import rewrite_forms
from .layouts.carried import SinkThroughConcat, SinkThroughMove, SinkThroughPadding, SinkThroughSlice
from .layouts.flattened import FoldIntoFlattenedWeights, MergeReshapes, ReshapeThroughTranspose, SinkThroughReshape
from .layouts.ports import FoldIntoInput, FoldIntoOutput
from .layouts.relayout import is_elementwise, move_before, read_through, store_transposed
from .layouts.transposes import (
    compose,
    dimension_order,
    inverse,
    is_identity,
    node_of,
    permutation_of,
    permuted_type,
    settled_permutation,
    transpose,
)


class ComposeTransposes(RewritePattern):
    """T(q, T(p, x)) -> T(p then q, x);  T(identity, x) -> x;  T(p, x) without uses -> nothing"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        second = permutation_of(op)
        if second is None or op.result is None:
            return
        source = op.ins[0]
        if not op.result.uses:
            rewriter.erase(op)
        elif is_identity(second):
            rewriter.replace(op, [], [source])
        elif (first := permutation_of(source.owner)) is not None and isinstance(source.owner, MapOp):
            rewriter.replace(op, transpose(source.owner.ins[0], compose(first, second), node_of(op)))


class EraseUnusedConstant(RewritePattern):
    """constant without uses -> nothing"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: ConstantOp, rewriter: PatternRewriter) -> None:
        if not op.result.uses:
            rewriter.erase(op)


class FoldIntoConstant(RewritePattern):
    """T(p, constant) -> constant"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        permutation = permutation_of(op)
        if permutation is None or not isinstance(constant := op.ins[0].owner, ConstantOp):
            return
        value = from_numpy(to_numpy(constant.value).transpose(permutation), constant.value.get_element_type())
        node = None if constant.node is None else constant.node.data
        rewriter.replace(op, ConstantOp(value, permuted_type(constant.result.type, permutation), node))
        rewriter.notify_op_modified(constant)


class SinkThroughMap(RewritePattern):
    """map(T(p, x), T(p, y), ..) -> T(p, map(x, y, ..)), where operands of full shape are T(p, ..) or constant"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        if op.result is None or permutation_of(op) is not None or dimension_order(op.out_map) is None:
            return
        wanted = {settled_permutation(value) for value in elementwise_operands(op)}
        permutation = wanted.pop() if len(wanted) == 1 else None
        if permutation is None:
            return
        result = move_before(op, inverse(permutation), rewriter)
        restored = rewriter.insert(transpose(result, permutation), InsertPoint.after(op))
        rewriter.replace_uses_with_if(result, restored.results[0], lambda use: use.operation is not restored)


def elementwise_operands(op: MapOp) -> list[SSAValue]:
    """The operands, other than constants, of which each output element reads the element at its own place."""
    operands = [*op.ins, *op.params]
    accesses = zip(operands, (*op.in_maps, *op.param_maps), strict=True)
    return [v for v, access in accesses if is_elementwise(op, access) and not isinstance(v.owner, ConstantOp)]


class HoistThroughMap(RewritePattern):
    """T(p, map(x)) -> map(T(p, x)), where nothing else uses the map and x is its only operand of full shape"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        permutation = permutation_of(op)
        if permutation is None or op.result is None or not isinstance(producer := op.ins[0].owner, MapOp):
            return
        movable = permutation_of(producer) is None and dimension_order(producer.out_map) is not None
        if movable and op.ins[0].has_one_use() and len(elementwise_operands(producer)) == 1:
            rewriter.replace(op, [], [move_before(producer, permutation, rewriter)])


class ReadThroughTranspose(RewritePattern):
    """form(T(p, x)) -> form(x), the access map permuted"""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, StructuredForm) and permutation_of(op) is None:
            for index in range(len(op.maps) - 1):
                if permutation_of(producer := op.operands[index].owner) is not None:
                    read_through(op, index, rewriter)
                    assert isinstance(producer, Operation)
                    rewriter.notify_op_modified(producer)


class StoreThroughTranspose(RewritePattern):
    """T(p, form(x)) -> form(x), the output's access map permuted, where nothing else uses the form"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        permutation = permutation_of(op)
        if permutation is None or not op.ins[0].has_one_use():
            return
        producer = op.ins[0].owner
        if isinstance(producer, StructuredForm) and producer.result is not None:
            rewriter.replace(op, [], [store_transposed(producer, permutation, rewriter)])


class ReshapeInstead(RewritePattern):
    """T(p, x) -> reshape(x), where only dimensions of size 1 move"""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: MapOp, rewriter: PatternRewriter) -> None:
        permutation = permutation_of(op)
        if permutation is None or op.result is None:
            return
        shape = shaped_type(op.ins[0]).get_shape()
        moved = [axis for axis in permutation if shape[axis] > 1]
        if moved == sorted(moved) and shaped_type(op.ins[0]).element_type == shaped_type(op.result).element_type:
            rewriter.replace(op, ReshapeOp(op.ins[0], permuted_type(op.ins[0].type, permutation), node_of(op)))


CANCEL = (
    ComposeTransposes,
    EraseUnusedConstant,
    FoldIntoConstant,
    FoldIntoInput,
    FoldIntoOutput,
    MergeReshapes,
    ReshapeThroughTranspose,
    FoldIntoFlattenedWeights,
)

CLEAN = (EraseUnusedConstant, MergeReshapes)
"""What is done where there are no transposes."""

STEPS = (
    (
        *(*CANCEL, SinkThroughReshape, SinkThroughMap),
        *(SinkThroughPadding, SinkThroughMove, SinkThroughConcat, SinkThroughSlice),
    ),
    (*CANCEL, HoistThroughMap),
    (ComposeTransposes, ReadThroughTranspose),
    (ComposeTransposes, ReshapeInstead, MergeReshapes),
    (ComposeTransposes, StoreThroughTranspose),
)
"""Each step runs until nothing changes. First transposes move down, as what produces them computes on NHWC."""


@dataclass(frozen=True)
class FoldTransposesPass(ModulePass):
    """Fold transposes into ports, constants and access maps."""

    name = "fixed-fold-transposes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if not any(permutation_of(form) is not None for form in op.walk()):
            rewrite_forms(op, CLEAN)
            return
        for step in STEPS:
            rewrite_forms(op, step)
