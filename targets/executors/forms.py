"""One evaluator for every structured form, on batches of numpy arrays.

Operands are read through strided views (`views`), combined over the reduction domain (here and in `contractions`), and
the body is evaluated on whole arrays (`scalars`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ...dialects.dense import dtype_of
from ...dialects.fixed.forms import ContractOp, MapOp, ReduceOp
from ...dialects.fixed.structured import StructuredForm, scalar_type, shaped_type
from ...dialects.fixed.types import Reduction, storage_limits
from .contractions import MAX_TAPS, contract, element_type
from .held import resolved
from .scalars import evaluate_body
from .values import IntegerOverflow, Values, container
from .views import Array, accessed, padded, taps, used_sizes

CHUNK_BYTES = 16 << 20
"""About how much memory the intermediate arrays of one chunk of the batch may take."""


def evaluate_form(
    form: StructuredForm,
    ins: Sequence[Array],
    params: Sequence[Array],
    tables: Sequence[Array],
    out: Array | None = None,
    indices: Sequence[Array] = (),
) -> Array:
    """The output of a form, shape (B, *output shape), in the numpy type of its storage.

    `ins` and `params` have shape (B, *shape), or (1, *shape) or just `shape` where all samples share the operand, as do
    the `indices` of held dimensions; tables are one-dimensional. Where `out` is given, the elements that the output map
    reaches are written into it and it is returned; without it the map must reach every element. Raises IntegerOverflow
    where a value leaves its type, or an index its dimension.
    """
    operands = [
        array.reshape((-1, *shaped_type(value).get_shape()))
        for value, array in zip((*form.ins, *form.params), (*ins, *params), strict=True)
    ]
    if form.held_dims:
        form, operands = resolved(form, operands, indices)
    batch = max((len(array) for array in operands), default=1)
    target = shaped_type(form.target)
    if out is None:
        if prod(form.domain.parallel.data) < prod(target.get_shape()):
            raise ValueError(f"node `{node_of(form)}`: the output map does not reach every element")
        out = np.empty((batch, *target.get_shape()), dtype_of(scalar_type(target.element_type)))
    step = max(1, CHUNK_BYTES // bytes_per_sample(form))
    for start in range(0, batch, step):
        part = slice(start, start + step)
        chunk = [array if len(array) == 1 else array[part] for array in operands]
        evaluate_chunk(form, chunk, tables, out[part])
    return out


def node_of(form: StructuredForm) -> str:
    """The form's name in messages."""
    return form.name if form.node is None else form.node.data


def bytes_per_sample(form: StructuredForm) -> int:
    """A rough size of the intermediate arrays: the parallel domain, and the gathered input of a contraction."""
    gathered = prod(used_sizes(form.in_maps[0], form.sizes)) if isinstance(form, ContractOp) else 0
    return 8 * (prod(form.domain.parallel.data) + gathered)


def evaluate_chunk(form: StructuredForm, operands: Sequence[Array], tables: Sequence[Array], out: Array) -> None:
    """Evaluate one chunk of the batch into `out`, of shape (chunk, *output shape)."""
    ins, params = operands[: len(form.ins)], operands[len(form.ins) :]
    arguments = combine(form, ins)
    for value, array, access in zip(form.params, params, form.param_maps, strict=True):
        sizes = used_sizes(access, form.sizes)
        elements = accessed(array, access, sizes).reshape((len(array), *sizes[: len(form.domain.parallel.data)]))
        arguments.append(Values.of_type(elements, element_type(value)))
    arguments.extend(Values.measured(table) for table in tables)
    result = evaluate_body(form.body.block, arguments, node_of(form)).array
    sizes = (*form.domain.parallel.data, *(1 for _ in form.domain.reduction.data))
    view = accessed(out, form.out_map, sizes, writeable=True)
    view.reshape(view.shape[: 1 + len(form.domain.parallel.data)])[...] = result


def combine(form: StructuredForm, ins: Sequence[Array]) -> list[Values]:
    """The leading body arguments, of shapes that broadcast to (B, *parallel): what the form makes of its inputs."""
    match form:
        case ContractOp():
            combined = contract(form, ins[0], ins[1])
        case ReduceOp():
            combined = reduce(form, ins[0])
        case MapOp():
            return [
                Values.of_type(accessed(array, access, used_sizes(access, form.sizes)), element_type(value))
                for value, array, access in zip(form.ins, ins, form.in_maps, strict=True)
            ]
        case _:
            raise NotImplementedError(f"node `{node_of(form)}`: no executor for `{form.name}`")
    least, greatest = storage_limits(form.acc)
    if not combined.within(least, greatest):
        raise IntegerOverflow(f"node `{node_of(form)}`: {form.name}: the accumulator leaves {form.acc}")
    return [Values(combined.array, max(combined.low, least), min(combined.high, greatest))]


def reduce(form: ReduceOp, x: Array) -> Values:
    """The reduction of (B, *shape) over the reduction domain: (B, *parallel)."""
    kind, (zero_point,), reduction = form.kind.data, form.zero_point.data, form.domain.reduction.data
    low, high = storage_limits(element_type(form.ins[0]))
    count, access, axes = prod(reduction), form.in_maps[0], tuple(range(-len(reduction), 0))
    if kind is Reduction.ARGMAX:
        elements = padded(x.astype(container(low - 1, high)), access, form.sizes, low - 1)
        parallel = elements.shape[: elements.ndim - len(reduction)]
        return Values(elements.reshape((*parallel, count)).argmax(-1), 0, count - 1)
    fill = {Reduction.SUM: 0, Reduction.MAX: low, Reduction.MIN: high}[kind]
    function: np.ufunc = {Reduction.SUM: np.add, Reduction.MAX: np.maximum, Reduction.MIN: np.minimum}[kind]
    if kind is Reduction.SUM:
        low, high = count * (low - zero_point), count * (high - zero_point)
        x = x.astype(container(min(low, -zero_point), max(high, -zero_point))) - zero_point
    elements = padded(x, access, form.sizes, fill)
    if count > MAX_TAPS:
        return Values(function.reduce(elements, axis=axes, dtype=x.dtype), low, high)
    first, *others = taps(elements, reduction)
    total = first.copy()
    for tap in others:
        function(total, tap, out=total)
    return Values(total, low, high)
