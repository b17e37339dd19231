"""Translations of what moves elements: shapes, parts, concatenations, pads, resizes."""

from __future__ import annotations

import numpy as np

from ..import_onnx.node import Unsupported
from .graph import AS_STATED, NCHW, is_quantized
from .node import Node, Translation, axis_in, permuted


def reshape(node: Node) -> None:
    """The shape is an input, or in old files an option."""
    if node.has(1):
        shape = node.stored(1)
    else:
        from tflite import ReshapeOptions

        options = node.options(ReshapeOptions)
        if not 0 < options.NewShapeLength() <= 8:
            raise Unsupported("its shape is missing; convert the model again")
        shape = node.constant(options.NewShapeAsNumpy())
    node.define(node.emit("Reshape", node.real(0), shape))


def squeeze(node: Node) -> None:
    """All dimensions of size 1, or those listed."""
    from tflite import SqueezeOptions

    options = node.options(SqueezeOptions)
    axes = options.SqueezeDimsAsNumpy() if 0 < options.SqueezeDimsLength() <= 8 else None
    inputs = [node.real(0)] if axes is None else [node.real(0), node.constant(axes)]
    node.define(node.emit("Squeeze", *inputs))


def expand_dims(node: Node) -> None:
    axes = node.listed(1, "the axis")
    node.define(node.emit("Unsqueeze", node.real(0), node.constant(axes)))


def transpose(node: Node) -> None:
    node.define(node.emit("Transpose", node.real(0), perm=node.listed(1, "the order")))


def concatenation(node: Node) -> None:
    from tflite import ConcatenationOptions

    options = node.options(ConcatenationOptions)
    indices = [index for index in range(len(node.operator.inputs)) if node.has(index)]
    ranks = {node.rank(index) for index in indices}
    layout = node.layout(*indices) if ranks == {4} else AS_STATED
    axis = axis_in(options.Axis(), layout, max(ranks, default=0))
    value = node.emit("Concat", *(node.real(index, layout) for index in indices), axis=axis)
    node.define(value, layout, options.FusedActivationFunction())


def pads_of(node: Node, layout: str) -> list[int]:
    """[[before, after], ...] as ONNX lists them: all before, then all after."""
    table = np.asarray(node.listed(1, "the pads"))
    if table.size != 2 * node.rank():
        raise Unsupported(f"{table.size} pads for {node.rank()} dimensions; convert the model again")
    before, after = table.reshape(-1, 2).T.tolist()
    return [*permuted(before, layout), *permuted(after, layout)]


def pad(node: Node) -> None:
    """With 0, or PADV2's value."""
    layout = node.layout(0)
    value = float(node.array(2, "the padded value").reshape(-1)[0]) if node.has(2) else 0.0
    if node.has(2) and is_quantized(node.tensor(2)):
        quantization = node.tensor(2).quantization
        assert quantization is not None, "it is quantized"
        value = (value - float(quantization.zero_points[0])) * float(quantization.scales[0])
    if node.tensor(0).dtype not in ("float32", "float16") and not node.quantized() and value:
        raise Unsupported("of plain integers only pads with 0 are supported")
    pads = node.constant(pads_of(node, layout))
    inputs = [node.real(0, layout), pads, *([node.constant(value, np.float32)] if value else [])]
    node.define(node.emit("Pad", *inputs), layout)


def mirror_pad(node: Node) -> None:
    """Mirrored without the edge (REFLECT), or with it (SYMMETRIC, of at most one element)."""
    from tflite import MirrorPadOptions

    layout = node.layout(0)
    pads, mode = pads_of(node, layout), "reflect"
    if node.options(MirrorPadOptions).Mode():
        if max(pads, default=0) > 1:
            raise Unsupported("SYMMETRIC pads of more than one element are not supported; use REFLECT")
        mode = "edge"
    node.define(node.emit("Pad", node.real(0, layout), node.constant(pads), mode=mode), layout)


def slice_(node: Node) -> None:
    """From `begin` so many elements, -1 for all that follow."""
    layout = node.layout(0)
    begin, size = node.listed(1, "the begin"), node.listed(2, "the size")
    if not len(begin) == len(size) == node.rank():
        raise Unsupported(f"begin {begin} and size {size} for {node.rank()} dimensions; convert the model again")
    ends = [np.iinfo(np.int64).max if n == -1 else b + n for b, n in zip(begin, size, strict=True)]
    starts, stops = permuted(begin, layout), permuted(ends, layout)
    node.define(node.emit("Slice", node.real(0, layout), node.constant(starts), node.constant(stops)), layout)


def strided_slice(node: Node) -> None:
    """Python's slices; masks say which bounds are left out, which dimensions are dropped and which are new."""
    from tflite import StridedSliceOptions

    options = node.options(StridedSliceOptions)
    if options.EllipsisMask() or options.NewAxisMask():
        raise Unsupported("an ellipsis or a new axis in it is not supported; use RESHAPE")
    begin, end, steps = (node.listed(i, what) for i, what in ((1, "the begin"), (2, "the end"), (3, "the strides")))
    if not len(begin) == len(end) == len(steps) <= node.rank():
        raise Unsupported(f"begin {begin}, end {end} and strides {steps} differ in length; convert the model again")
    shrunk = [axis for axis in range(len(begin)) if options.ShrinkAxisMask() >> axis & 1]
    starts, stops, most = list(begin), list(end), np.iinfo(np.int64).max
    for axis, step in enumerate(steps):
        if options.BeginMask() >> axis & 1:
            starts[axis] = 0 if step > 0 else most
        if options.EndMask() >> axis & 1:
            stops[axis] = most if step > 0 else -most
        if axis in shrunk:
            starts[axis], steps[axis] = begin[axis], 1
            stops[axis] = begin[axis] + 1 or most
    layout = AS_STATED if shrunk else node.layout(0)
    axes = [axis_in(axis, layout, node.rank()) for axis in range(len(begin))]
    value = node.emit("Slice", node.real(0, layout), *(node.constant(n) for n in (starts, stops, axes, steps)))
    value = node.emit("Squeeze", value, node.constant(shrunk)) if shrunk else value
    node.define(value, layout)


def split(node: Node) -> None:
    """Equal parts along the axis that comes first; SPLIT_V lists sizes, one of which may be -1."""
    of_sizes = node.operator.kind == "SPLIT_V"
    x, axis = (0, node.listed(2, "the axis")) if of_sizes else (1, node.listed(0, "the axis"))
    count = len(node.operator.outputs)
    if len(axis) != 1:
        raise Unsupported(f"axes {axis}; convert the model again")
    layout, rank = node.layout(x), node.rank(x)
    place = axis_in(axis[0], layout, rank)
    total = node.tensor(x).shape[axis[0] % rank]
    sizes = node.listed(1, "the sizes") if of_sizes else [total // count] * count
    sizes = [total - sum(n for n in sizes if n >= 0) if n == -1 else n for n in sizes]
    if total < 0 or len(sizes) != count or sum(sizes) != total or min(sizes) < 1:
        raise Unsupported(f"parts of {sizes} do not divide {total}; convert the model again")
    inputs = [node.real(x, layout), node.constant(sizes)]
    parts = node.graph.emit("Split", inputs, node.name, count, axis=place)
    for index, part in enumerate(parts):
        node.define(part, layout, index=index)


def pack(node: Node) -> None:
    """Values beside each other along a new dimension."""
    from tflite import PackOptions

    axis, count = node.options(PackOptions).Axis(), len(node.operator.inputs)
    axis = axis_in(axis, AS_STATED, node.rank() + 1)
    parts = [node.emit("Unsqueeze", node.real(index), node.constant([axis])) for index in range(count)]
    node.define(node.emit("Concat", *parts, axis=axis))


def unpack(node: Node) -> None:
    """The parts of size 1 along a dimension, without it."""
    from tflite import UnpackOptions

    axis, count = axis_in(node.options(UnpackOptions).Axis(), AS_STATED, node.rank()), len(node.operator.outputs)
    if node.tensor(0).shape[axis] != count:
        raise Unsupported(f"{count} parts of {node.tensor(0).shape[axis]}; convert the model again")
    parts = node.graph.emit("Split", [node.real(0), node.constant([1] * count)], node.name, count, axis=axis)
    for index, part in enumerate(parts):
        node.define(node.emit("Squeeze", part, node.constant([axis])), index=index)


def gather(node: Node) -> None:
    """Elements at indices along a dimension."""
    from tflite import GatherOptions

    options = node.options(GatherOptions)
    if options.BatchDims():
        raise Unsupported("batch dimensions in it are not supported")
    node.define(node.emit("Gather", node.real(0), node.stored(1), axis=options.Axis()))


def tile(node: Node) -> None:
    node.define(node.emit("Tile", node.real(0), node.constant(node.listed(1, "the repeats"))))


def broadcast_to(node: Node) -> None:
    node.define(node.emit("Expand", node.real(0), node.constant(node.listed(1, "the shape"))))


def shape_of(node: Node) -> None:
    """The sizes of a value: known once those of the inputs are."""
    node.define_integers(node.emit("Shape", node.stored(0)))


def depth_to_space(node: Node) -> None:
    from tflite import DepthToSpaceOptions

    block = node.options(DepthToSpaceOptions).BlockSize()
    node.define(node.emit("DepthToSpace", node.real(0, NCHW), blocksize=block, mode="DCR"), NCHW)


def space_to_depth(node: Node) -> None:
    from tflite import SpaceToDepthOptions

    block = node.options(SpaceToDepthOptions).BlockSize()
    node.define(node.emit("SpaceToDepth", node.real(0, NCHW), blocksize=block), NCHW)


def reverse(node: Node) -> None:
    """Backwards along dimensions."""
    axes = [axis_in(axis, AS_STATED, node.rank()) for axis in node.listed(1, "the axes")]
    most = np.iinfo(np.int64).max
    bounds = ([most] * len(axes), [-most] * len(axes), axes, [-1] * len(axes))
    node.define(node.emit("Slice", node.real(0), *(node.constant(n) for n in bounds)))


def resize(mode: str) -> Translation:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: sizes of height and width."""

    def translation(node: Node) -> None:
        """Write the Resize in the layout of the data, linear ones with the channels first."""
        import tflite

        name = "ResizeBilinearOptions" if mode == "linear" else "ResizeNearestNeighborOptions"
        options = node.options(getattr(tflite, name))
        sizes = node.listed(1, "the size")
        if len(sizes) != 2:
            raise Unsupported(f"sizes {sizes} are not a height and a width; convert the model again")
        layout = NCHW if mode == "linear" else node.layout(0)
        aligned, half = options.AlignCorners(), options.HalfPixelCenters()
        places = "align_corners" if aligned else "half_pixel" if half else "asymmetric"
        value = node.emit(
            "Resize",
            node.real(0, layout),
            "",
            "",
            node.constant(sizes),
            mode=mode,
            axes=[axis_in(axis, layout) for axis in (1, 2)],
            coordinate_transformation_mode=places,
            nearest_mode="floor" if places == "asymmetric" else "round_prefer_ceil",
        )
        node.define(value, layout)

    return translation
