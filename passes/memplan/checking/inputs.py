"""The plan checker on inputs that the caller does not hand over as a whole: row by row, or written into the arena."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import MemRefType, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.ir.affine import AffineMap

from ....dialects.access import linear_map
from ....dialects.fixed.forms import MapOp
from ....dialects.fixed.structured import StructuredForm
from ....dialects.memplan import INPUT_ARENA, INPUT_ROWS, INPUT_STEPS, AliasOp, LoopOp, RowsOp, ViewOp
from .access import Access
from .places import Places, refuse
from .tasks import Task, reads_of


def check_inputs(function: FuncOp, places: Places, tasks: Sequence[Task]) -> None:
    """Refuse steps that read an input when it is not there. Raises DiagnosticException.

    With `memplan.input_rows` only slice `v` of the node that it names may read an input, and only its row `v`. The node
    that `memplan.input_arena` names stands for the caller: it is the first step, the only one to read an input, and
    copies it as it is to the beginning of an arena.
    """
    inputs = set(function.body.block.args[: places.inputs])
    rows, arena = function.attributes.get(INPUT_ROWS), function.attributes.get(INPUT_ARENA)
    loops = [op for op in function.body.block.ops if isinstance(op, LoopOp) and op.node is not None]
    loop = next((op for op in loops if op.node in (rows, function.attributes.get(INPUT_STEPS))), None)
    if loop is not None:
        check_rounds(function, loop, places, tasks)
        return
    if rows is None and arena is None:
        return
    for task in tasks:
        for access in reads_of(task.op, places, task.held):
            if access.place.root not in inputs:
                continue
            name = access.place.units[0].name
            if not isinstance(task.op, StructuredForm) or task.op.node not in (rows, arena):
                node = next(node.data for node in (rows, arena) if isinstance(node, StringAttr))
                refuse(task.op, f"{task.name} reads {name}, which only node `{node}` receives from the caller")
            if task.op.node == arena and task.number > 1:
                refuse(task.op, f"{task.name} stands for the caller: it must be the first step")
            if task.op.node == arena:
                check_copy(task, places, name)
            if task.op.node == rows:
                check_rows(task, access, name)


def check_rounds(function: FuncOp, loop: LoopOp, places: Places, tasks: Sequence[Task]) -> None:
    """Refuse any reader of an input but the forms of the loop, of which each round has a slice; the slices in order.

    Where the loop has no end, a round writes at most its own slice of an output, and nothing comes after the loop.
    """
    steps = INPUT_STEPS in function.attributes
    arguments: list[SSAValue] = list(function.body.block.args)
    rounds = loop.rounds.value.data
    forms = [inner for inner in loop.walk() if isinstance(inner, StructuredForm)]
    for task in tasks:
        accesses = [*reads_of(task.op, places, task.held), *task.writes]
        outer = [access for access in accesses if access.place.root in arguments]
        for access in outer:
            unit, is_input = access.place.units[0], arguments.index(access.place.root) < places.inputs
            if task.op not in forms and (is_input or steps):
                refuse(task.op, f"{task.name} uses {unit.name}, which only a round of the loop has")
        if steps and task.op not in forms and loop.is_before_in_block(task.op):
            refuse(task.op, f"{task.name} comes after a loop without end")
        for access in outer:
            is_input = arguments.index(access.place.root) < places.inputs
            if isinstance(task.op, StructuredForm) and task.op in forms and (is_input or steps):
                dim = loop.along.data[forms.index(task.op)]
                check_slices(task, access, dim, rounds, may_be_whole=not is_input)


def check_slices(task: Task, access: Access, dim: int, rounds: int, may_be_whole: bool) -> None:
    """Refuse a form that touches more of an argument than the slice of its round."""
    form, unit = task.op, access.place.units[0]
    assert isinstance(form, StructuredForm)
    maps = [m.data for m in form.maps.data]
    operands = [*form.ins, *form.params, form.target]
    for value, found in zip(operands, maps, strict=True):
        if value is not access.value:
            continue
        if may_be_whole and (dim < 0 or not any(r.coefficients[dim] for r in linear_map(found))):
            continue
        size = unit.end // rounds
        for turn in range(rounds):
            here = Access(value, access.place, found, form, () if dim < 0 else (dim,))
            for chunk in here.chunks(() if dim < 0 else (turn,)):
                runs = chunk.runs
                if len(runs) and (runs.min() < turn * size or runs.max() > (turn + 1) * size):
                    refuse(form, f"{task.name} touches more of {unit.name} in round {turn} than the slice of the round")


def check_copy(task: Task, places: Places, name: str) -> None:
    """Refuse anything but a copy of an input, element by element, to the beginning of an arena."""
    op = task.op
    if not isinstance(op, MapOp) or not is_copy(op):
        refuse(op, f"{task.name} stands for the caller: it must be a plain copy of {name}")
    end = 0
    for unit in places.of(op, op.target).units:
        if not isinstance(op.target.owner, ViewOp | RowsOp | AliasOp) or unit.start != end:
            refuse(op, f"{task.name} stands for the caller, who writes {name} to the first bytes of an arena, in order")
        end = unit.end


def is_copy(op: MapOp) -> bool:
    """True where every element of the only input goes unchanged to its own place in the output."""
    (shape, *others) = [value.type.get_shape() for value in (*op.ins, op.target) if isinstance(value.type, MemRefType)]
    identity = AffineMap.identity(len(shape))
    return (
        others == [shape]
        and op.domain.parallel.data == shape
        and all(access.data == identity for access in op.maps)
        and len(op.body.block.ops) == 1
        and op.body.block.last_op is not None
        and tuple(op.body.block.last_op.operands) == tuple(op.body.block.args)
    )


def check_rows(task: Task, access: Access, name: str) -> None:
    """Refuse a form that does not take exactly one row of the input in each of its slices, the rows in order."""
    if task.along is None:
        refuse(task.op, f"{task.name} reads {name} as a whole, but the caller delivers it row by row")
    if access.row is None:
        refuse(task.op, f"{task.name} reads {name}, which has no rows, but the caller delivers it row by row")
    if task.slices != access.shape[access.row]:
        refuse(task.op, f"{task.name} runs in {task.slices} slices for {access.shape[access.row]} rows of {name}")
    for value in range(task.slices):
        found = access.at((value,))
        if found is None or found[:2] != (value, 1):
            refuse(task.op, f"slice {value} of {task.name} does not read row {value} of {name}, which the caller gives")
