"""Patches: the first layers of a network computed on one part of the image after the other.

After Lin et al., "MCUNetV2: Memory-Efficient Patch-based Inference for Tiny Deep Learning" (NeurIPS 2021). There, as
here, the buffers of a stage hold one patch and its halo instead of the image, and halos are computed again. Here stage
and patches follow from the access functions of the forms; no operator is known by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AffineMapAttr,
    ArrayAttr,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    StringAttr,
    f64,
    i64,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass

from ...dialects.access import full_box, linear_map
from ...dialects.errors import UserError
from ...dialects.fixed.structured import StructuredForm
from ...dialects.fixed.types import DomainAttr
from ...dialects.memplan import BufferOp
from ...dialects.memplan.liveness import Liveness, is_planned
from .limits.effort import EFFORT, limited_entry, scaled, verify_effort
from .patching.boxes import box_shape, shift
from .patching.plan import Clone, Grid, Patch, Plan, macs_of, spell
from .patching.search import GRIDS, WORK, Search
from .patching.stage import name_of, shape_of
from .schedule import is_placed

PATCH = "memplan.patch"
"""The attribute of a function that says what its patches cost, or why it has none; see `patch_attribute`."""


@dataclass(frozen=True)
class PatchPass(ModulePass):
    """Compute the first stage of each function patch by patch where that lowers the peak of the bytes alive in buffers.

    `grid` ("2x3": rows, columns) and `last` (the node that ends the stage) are searched for where they are not given.
    `max-recompute` bounds the multiply-accumulates of the whole function with patches over those without; only
    contractions have any. `effort`, by default 100, scales how many patches are looked at. The order of steps is
    kept, so this comes after `memplan-schedule`; functions that are placed or have patches already are left alone.

    Each form of the stage becomes one form per patch, `conv1.p0_1` for row 0, column 1 of the grid, and so far each is
    code of its own when lowered to loops.
    """

    name = "memplan-patch"
    grid: str = ""
    max_recompute: float = 1.1
    last: str = ""
    effort: int = EFFORT

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        verify_effort(self.name, self.effort)
        grids = GRIDS if not self.grid else (parse_grid(self.grid),)
        if not self.max_recompute >= 1:
            raise UserError(f"memplan-patch: max-recompute must be at least 1, got {self.max_recompute}")
        for function in op.ops:
            if isinstance(function, FuncOp) and is_planned(function) and not is_placed(function):
                if not has_patches(function):
                    self._patch_function(function, grids)

    def _patch_function(self, function: FuncOp, grids: tuple[Grid, ...]) -> None:
        liveness = Liveness(function)
        last = None if not self.last else step_of(liveness, self.last)
        search = Search(liveness, self.max_recompute, grids, scaled(WORK, self.effort))
        found = search.run(last)
        attribute = patch_attribute(liveness, found)
        function.attributes[PATCH] = DictionaryAttr({**attribute.data, **limited_entry(search.limited)})
        if isinstance(found, Plan):
            rewrite(found)


def parse_grid(text: str) -> Grid:
    """Rows and columns of a grid. Raises UserError on anything but two positive numbers, one of them over 1."""
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if match is None or match.groups() == ("1", "1"):
        raise UserError(
            f"memplan-patch: a grid is rows x columns and more than 1x1, such as grid=\"2x2\", got '{text}'"
        )
    return int(match[1]), int(match[2])


def step_of(liveness: Liveness, node: str) -> int:
    """The step of a node. Raises UserError where there is none."""
    names = [name_of(step.op) for step in liveness.steps]
    if node not in names:
        raise UserError(f"memplan-patch: no node '{node}'; there are {', '.join(names)}")
    return names.index(node)


def has_patches(function: FuncOp) -> bool:
    """True where this pass has cut a stage already."""
    attribute = function.attributes.get(PATCH)
    return isinstance(attribute, DictionaryAttr) and "grid" in attribute.data


def patch_attribute(liveness: Liveness, found: Plan | str) -> DictionaryAttr:
    """The peak of the bytes alive in buffers `before`, and with patches; or why there are none.

    `macs` are the multiply-accumulates of the whole function with patches, `recompute` these over those without.
    """
    entries: dict[str, Attribute] = {"before": IntegerAttr(liveness.max_live, i64)}
    if isinstance(found, str):
        return DictionaryAttr({"refused": StringAttr(found), **entries})
    macs = macs_of(liveness)
    return DictionaryAttr(
        {
            "grid": StringAttr(spell(found.grid)),
            "last": StringAttr(found.stage.name),
            "peak": IntegerAttr(found.peak, i64),
            **entries,
            "macs": IntegerAttr(found.macs, i64),
            "recompute": FloatAttr(round(found.macs / macs, 4) if macs else 1.0, f64),
        }
    )


def rewrite(plan: Plan) -> None:
    """Put the clones of a plan in the place of its stage."""
    forms = [access.form for access in plan.stage.forms]
    block, end = forms[-1].parent, forms[-1]
    assert isinstance(block, Block)
    for patch in plan.patches:
        buffers: dict[SSAValue, SSAValue] = {}
        for clone in patch.clones:
            form = forms[clone.number]
            ops: list[Operation] = []
            if form.target in patch.boxes:
                buffer = patch_buffer(form.target, patch)
                buffers[form.target] = buffer.result
                ops.append(buffer)
            ops.append(clone_form(form, clone, patch, buffers))
            block.insert_ops_before(ops, end)
    for form in reversed(forms):
        block.erase_op(form)
    for value in plan.stage.inner:
        assert isinstance(value.owner, BufferOp)
        block.erase_op(value.owner)


def patch_buffer(value: SSAValue, patch: Patch) -> BufferOp:
    """The buffer that takes the place of an inner buffer in a patch."""
    whole = value.owner
    assert isinstance(whole, BufferOp)
    type = whole.result.type
    shape = box_shape(patch.boxes[value])
    node = None if whole.node is None else f"{whole.node.data}.{suffix(patch)}"
    buffer = BufferOp(MemRefType(type.element_type, shape, memory_space=type.memory_space), node)
    buffer.result.name_hint = value.name_hint and f"{value.name_hint}_{suffix(patch)}"
    return buffer


def clone_form(form: StructuredForm, clone: Clone, patch: Patch, buffers: dict[SSAValue, SSAValue]) -> StructuredForm:
    """The form on the points of a clone, from and to the buffers of its patch."""
    result = form.clone(value_mapper=dict(buffers))
    operands = [*form.ins, *form.params, form.target]
    maps: list[AffineMap] = []
    for value, access in zip(operands, form.maps, strict=True):
        box = patch.boxes.get(value, full_box(shape_of(value)))
        maps.append(shift(linear_map(access.data), clone.points, [first for first, _ in box]))
    sizes, parallel = box_shape(clone.points), len(form.domain.parallel.data)
    result.domain = DomainAttr(sizes[:parallel], sizes[parallel:])
    result.maps = ArrayAttr(AffineMapAttr(access) for access in maps)
    if form.node is not None:
        result.node = StringAttr(f"{form.node.data}.{suffix(patch)}")
    return result


def suffix(patch: Patch) -> str:
    """`p0_1` for row 0, column 1 of the grid."""
    row, column = patch.place
    return f"p{row}_{column}"
