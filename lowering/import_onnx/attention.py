"""Importing Attention (opset 23) as products, a softmax and reshapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import i1
from xdsl.ir import SSAValue

from ...dialects import onnx
from ...dialects.dense import from_numpy
from ...dialects.onnx.base import broadcast_shape, shape_of
from .node import Node, Unsupported, like
from .products import reshaped, swapped, times

REFUSED = {
    "softcap": (0.0, "compose it of MatMul, Tanh and Softmax"),
    "qk_matmul_output_mode": (0, "compose it of MatMul and Softmax"),
    "left_window_size": (-1, "give the mask as an input that is constant"),
    "right_window_size": (-1, "give the mask as an input that is constant"),
}
"""Attributes with the value that means nothing, and why no other is taken."""


NOTHING = -1e4
"""What a mask adds at least to leave an element out: exporters write minus infinity, or a number like it."""


def attention(node: Node) -> onnx.OnnxOp:
    """`softmax(Q K^T scale + mask) V` per head; several query heads may share one of keys and values."""
    for name, (nothing, reason) in REFUSED.items():
        if node.attributes.get(name, nothing) != nothing:
            raise Unsupported(f"attribute {name} other than {nothing} is not supported: {reason}")
    if any(node.optional(index) is not None for index in (4, 5, 6)):
        raise Unsupported("past keys and values, and lengths, are not supported; give all keys at once")
    query, keys, values = (node.operand(index) for index in range(3))
    flat = len(shape_of(query)) == 3
    q = heads(node, query, "q_num_heads", "q")
    k, v = heads(node, keys, "kv_num_heads", "k"), heads(node, values, "kv_num_heads", "v")
    batch, count, length, depth = shape_of(q)
    shared = shape_of(k)[1]
    if count % shared or shape_of(v)[1] != shared:
        raise Unsupported(f"{count} query heads do not share {shared} heads of keys; export the model again")
    if count != shared:
        q = reshaped(q, (batch, shared, count // shared, length, depth), f"{node.name}_q_groups")
        k, v = (
            reshaped(x, (batch, shared, 1, *shape_of(x)[2:]), f"{node.name}_{n}_groups")
            for x, n in ((k, "k"), (v, "v"))
        )
    weights = softmax_of(node, q, k, float(node.attributes.get("scale", depth**-0.5)), (batch, count, length))
    result = multiplied(weights, v, f"{node.name}_values")
    result = reshaped(result, (batch, count, length, shape_of(v)[-1]), f"{node.name}_heads")
    if not flat:
        return onnx.IdentityOp(result, like(query, shape_of(result)), node.name)
    order = (0, 2, 1, 3)
    moved = onnx.TransposeOp(result, order, like(query, [shape_of(result)[a] for a in order]), f"{node.name}_order")
    return onnx.ReshapeOp(moved.result, like(query, (batch, length, count * shape_of(v)[-1])), node.name)


def heads(node: Node, x: SSAValue, attribute: str, name: str) -> SSAValue:
    """[batch, heads, length, depth] of that, or of [batch, length, heads * depth]."""
    shape = shape_of(x)
    if len(shape) == 4:
        return x
    count = node.attributes.get(attribute)
    if len(shape) != 3 or not isinstance(count, int) or count < 1 or shape[2] % count:
        raise Unsupported(
            f"an operand of shape {list(shape)} has no {attribute} = {count!r:.20} heads; export it again"
        )
    split = (shape[0], shape[1], count, shape[2] // count)
    parts = reshaped(x, split, f"{node.name}_{name}_split")
    order = (0, 2, 1, 3)
    return onnx.TransposeOp(parts, order, like(x, [split[a] for a in order]), f"{node.name}_{name}").result


def multiplied(x: SSAValue, w: SSAValue, name: str) -> SSAValue:
    """The matrix product."""
    outer = broadcast_shape(shape_of(x)[:-2], shape_of(w)[:-2])
    return onnx.MatMulOp(x, w, like(x, (*outer, shape_of(x)[-2], shape_of(w)[-1])), name).result


def softmax_of(node: Node, q: SSAValue, k: SSAValue, scale: float, rows: tuple[int, ...]) -> SSAValue:
    """The weights of the values; a mask is a constant, truth values or numbers that are added."""
    scores = multiplied(q, swapped(k, f"{node.name}_k_columns"), f"{node.name}_scores")
    if scale != 1.0:
        scores = times(scores, scale, f"{node.name}_scaled").results[0]
    whole = (*rows, shape_of(scores)[-1])
    kept = np.ones(whole, np.bool_)
    if node.optional(3) is not None:
        mask = node.constant(3, "the mask", mask=True)
        if mask.dtype.name not in ("float32", "bool") or mask.ndim > 4 or broadcast_shape(mask.shape, whole) != whole:
            raise Unsupported(f"a mask of shape {list(mask.shape)} does not stretch to {list(whole)}; export it again")
        kept = np.broadcast_to(mask if mask.dtype == np.bool_ else mask > NOTHING, whole)
        finite = np.where(kept, mask, 0).astype(np.float32)
        if mask.dtype != np.bool_ and finite.any():
            added = constant(finite.reshape(shape_of(scores)), f"{node.name}_mask")
            scores = onnx.AddOp(scores, added, like(scores, shape_of(scores)), f"{node.name}_masked").result
    if node.attributes.get("is_causal", 0):
        kept = kept & np.tri(*whole[-2:], dtype=np.bool_)
    if kept.all():
        return onnx.SoftmaxOp(scores, -1, like(scores, shape_of(scores)), f"{node.name}_weights").result
    chosen = constant(kept.reshape(shape_of(scores)), f"{node.name}_kept")
    return onnx.MaskedSoftmaxOp(scores, chosen, -1, like(scores, shape_of(scores)), f"{node.name}_weights").result


def constant(values: NDArray[Any], name: str) -> SSAValue:
    """Numbers or truth values."""
    dense = from_numpy(np.ascontiguousarray(values), i1) if values.dtype == np.bool_ else from_numpy(values)
    return onnx.ConstantOp(dense, name).result
