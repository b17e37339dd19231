"""Nodes whose body is repeated: Scan and Loop become `onnx.Scan`, whatever stands for them is imported as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, BlockArgument, Region, SSAValue

from ....dialects import onnx as dialect
from ....dialects.harmless import in_quotes
from ....dialects.onnx.base import element_of, shape_of
from ....dialects.onnx.budget import Budget
from ....dialects.onnx.weights import is_weight, numbers_of, weight_reals
from ....dialects.wellformed.sizes import MAX_ROUNDS
from ..bodies import MAX_DEPTH
from ..check import check_attributes
from ..expanding import OF_WHICH, ExpandingImporter
from ..forests.attributes import checked
from ..forests.features import feature_scales
from ..forests.nodes import FORESTS, ZIP_MAP, forest_nodes, without_map
from ..linear_models import LINEAR_MODELS, linear_nodes
from ..node import Unsupported, from_first
from ..proto import attributes_of, graphs_of, read_by
from ..quantized_operators import full_name
from ..refusals import REFUSALS, reason_of
from .cells import CELLS
from .counters import Known, counted
from .layers import layer_nodes
from .repetition import Repetition, Scanned, body_nodes, loop_of, scan_of
from .writing import OPSET

if TYPE_CHECKING:
    import onnx

REPEATED = ("Scan", "Loop", *CELLS, *FORESTS)
"""Operators that run several times."""

WRITTEN = (*REPEATED, *LINEAR_MODELS)
"""Operators that others stand for, written here."""

OLDEST_SCAN = 9
"""Scan of opset 8 has a batch of sequences with lengths."""


class RecurrentImporter(ExpandingImporter):
    """Imports what is repeated as a region that runs once per round."""

    def __init__(self, block: Block, opset: int, budget: Budget, folder: Path | None, used: set[str]):
        super().__init__(block, opset, budget, folder, used)
        self.shares: set[str] = set()
        """Values whose rows add up to 1."""

    around: tuple[Block, ...] = ()
    """The blocks around the one that nodes are added to now, the outermost first."""
    whole: Sequence[onnx.NodeProto] = ()
    """All nodes of the graph."""
    returned: frozenset[str] = frozenset()
    """The names of its outputs."""
    rounds_around = 1
    """How often nodes that are added now run."""

    def add(self, proto: onnx.NodeProto) -> None:
        """As for any other node; of Scan and Loop the body, of RNN, GRU and LSTM a Scan."""
        kind = full_name(proto.domain, proto.op_type)
        if kind == ZIP_MAP:
            proto = without_map(proto)
        if kind not in WRITTEN or not any(proto.output):
            super().add(proto)
            return
        name = self.name_of(proto)
        if name is None:
            return
        if any(i in self.unknown for i in proto.input):
            self.pass_over(proto)
            return
        try:
            if kind in CELLS:
                self.write_layer(proto, name)
                return
            if kind in FORESTS:
                self.write_forest(proto, kind, name)
                return
            if kind in LINEAR_MODELS:
                self.write_linear(proto, kind, name)
                return
            computed = self.repeat(proto, name)
        except REFUSALS as error:
            self.refuse(proto, name, reason_of(error))
            return
        if not computed:
            self.pass_over(proto)

    def write_layer(self, proto: onnx.NodeProto, name: str) -> None:
        """Add what stands for an RNN, GRU or LSTM. Raises REFUSALS."""
        attributes = attributes_of(proto)
        check_attributes(attributes)
        nodes = layer_nodes(proto, name, attributes, self.lookup, numbers_if_constant, self.used)
        self.write_instead(proto, nodes, "Scan")

    def write_forest(self, proto: onnx.NodeProto, kind: str, name: str) -> None:
        """Add what stands for an ensemble of trees. Raises REFUSALS."""
        shape = shape_of(self.given(proto.input[0]))
        if len(shape) != 2 or shape[0] != 1:
            raise Unsupported(f"it takes one row of features, not a tensor of {list(shape)}; use --batch 1")
        attributes = checked(attributes_of(proto), self.numbers)
        nodes = forest_nodes(proto, kind, name, attributes, shape[1], self.used, self.scales_of(proto, shape[1]))
        self.write_instead(proto, nodes, "Loop")

    def scales_of(self, proto: onnx.NodeProto, features: int) -> NDArray[np.float32] | None:
        """What the features of an ensemble are divided by, where only ensembles read them, from an input."""
        value = self.given(proto.input[0])
        if self.around or not isinstance(value, BlockArgument) or proto.input[0] in self.returned:
            return None

        def read(node: onnx.NodeProto) -> Mapping[str, Any] | None:
            is_forest = full_name(node.domain, node.op_type) in FORESTS
            return checked(attributes_of(node), self.numbers) if is_forest else None

        return feature_scales([node for node in self.whole if proto.input[0] in read_by(node)], read, features)

    def write_instead(self, proto: onnx.NodeProto, nodes: list[onnx.NodeProto], repeated: str) -> None:
        """Add the nodes that stand for one, a Scan or Loop among them. Raises Unsupported where one is refused."""
        reason = self.add_all(nodes, OPSET, proto)
        if reason is not None:
            raise Unsupported(f"it is taken as a {repeated}{OF_WHICH}{reason.split(OF_WHICH)[-1]}")
        for output in proto.output:
            if output and output not in self.values:
                self.unknown.add(output)

    def write_linear(self, proto: onnx.NodeProto, kind: str, name: str) -> None:
        """Add what stands for a linear model or support vectors. Raises REFUSALS."""
        attributes = attributes_of(proto)
        shape, shares = shape_of(self.given(proto.input[0])), proto.input[0] in self.shares
        nodes = linear_nodes(proto, kind, name, attributes, shape, self.used, shares)
        reason = self.add_all(nodes, OPSET, proto)
        if reason is not None:
            raise Unsupported(f"it is taken as others{OF_WHICH}{reason.split(OF_WHICH)[-1]}")
        if attributes.get("post_transform") == "SOFTMAX":
            self.shares.update(proto.output[1:])
        for output in proto.output:
            if output and output not in self.values:
                self.unknown.add(output)

    def repeat(self, proto: onnx.NodeProto, name: str) -> bool:
        """Add a repetition; false where a node of its body is refused, which is recorded. Raises REFUSALS."""
        if len(self.around) >= MAX_DEPTH:
            raise Unsupported(f"more than {MAX_DEPTH} repetitions inside each other; export a smaller model")
        attributes = attributes_of(proto)
        graph = next(graphs_of(proto), None)
        if graph is None:
            raise Unsupported("it has no body; export the model again")
        body = body_nodes(graph, name)
        if proto.op_type == "Scan":
            if self.opset < OLDEST_SCAN:
                raise Unsupported(f"of opset {self.opset} it takes a batch of sequences; export with opset 9 or newer")
            ranks = [len(shape_of(self.given(i))) for i in proto.input]
            repetition = scan_of(proto, body, attributes, ranks)
            rounds: int | None = self.length_of(repetition)
        else:
            repetition = loop_of(proto, body)
            rounds = self.trip_count(proto.input[0])
        live = repetition.live(self.used)
        known = counted(live, rounds, self.constants_of(live), self.opset)
        rounds = known.rounds * self.rounds_around
        if rounds > MAX_ROUNDS:
            raise Unsupported(f"{rounds:,} rounds are more than {MAX_ROUNDS:,}; split the sequence")
        if known.rounds == 0:
            return self.skip(live)
        return self.build(live, known, name)

    def home(self, op: dialect.OnnxOp) -> Block:
        """The innermost repetition that an op depends on: what is the same in every round stands before it."""
        blocks = [v.owner if isinstance(v.owner, Block) else v.owner.parent for v in op.operands]
        around = [self.top, *self.around, self.block]
        return max((b for b in blocks if b is not None), key=around.index, default=self.top)

    def given(self, name: str) -> SSAValue:
        """The value of a required input."""
        value = self.lookup(name)
        if value is None:
            raise Unsupported("an input is missing")
        return value

    def length_of(self, repetition: Repetition) -> int:
        """The rounds of a Scan: the size of what is scanned. Raises Unsupported where sizes differ."""
        sizes = {shape_of(self.given(s.whole))[s.axis] for s in repetition.ins}
        if len(sizes) != 1:
            raise Unsupported(f"what it scans has sizes {sorted(sizes)}; export the model again")
        return sizes.pop()

    def trip_count(self, name: str) -> int | None:
        """The most rounds of a Loop; None where only its condition ends it. Raises Unsupported where it is computed."""
        value = self.lookup(name)
        if value is None:
            return None
        if not is_weight(value):
            raise Unsupported("its number of rounds is computed at run time, only a constant one is supported")
        return max(0, int(constant_of(value).reshape(-1)[0]))

    def constants_of(self, repetition: Repetition) -> dict[str, NDArray[Any]]:
        """Small constants that the rounds or the first states read, by name; a condition left out holds."""
        names = repetition.reads() | {s.first for s in repetition.states}
        found = {"": np.array(True)} if repetition.condition else {}
        for name in names:
            value = self.values.get(name)
            if value is not None and is_weight(value):
                found[name] = constant_of(value)
        for node in repetition.nodes:
            if node.op_type == "Constant" and not node.domain:
                value = attributes_of(node)
                if (tensor := value.get("value")) is not None and hasattr(tensor, "dims"):
                    found[node.output[0]] = self.numbers(tensor)
                elif (number := value.get("value_int", value.get("value_ints"))) is not None:
                    found[node.output[0]] = np.asarray(number, np.int64)
                elif (number := value.get("value_float", value.get("value_floats"))) is not None:
                    found[node.output[0]] = np.asarray(number, np.float32)
        return found

    def skip(self, repetition: Repetition) -> bool:
        """No round happens: the states are what they were. Raises Unsupported where a result would be empty."""
        if repetition.outs:
            raise Unsupported("it runs no round, and what it stacks is empty")
        self.values.update((s.last, self.given(s.first)) for s in repetition.states if s.last)
        return True

    def build(self, repetition: Repetition, known: Known, name: str) -> bool:
        """The region and its op; false where a node in it is refused."""
        self.used = self.used | repetition.reads()
        outer, self.block = self.block, Block()
        self.around = (*self.around, outer)
        self.rounds_around *= known.rounds
        try:
            ins = [(self.given(s.whole), s) for s in repetition.ins]
            states = [s for s in repetition.states if s not in known.states]
            firsts = [self.given(s.first) for s in states]
            for state, first in zip(states, firsts, strict=True):
                self.values[state.inner] = self.block.insert_arg(first.type, len(self.block.args))
            for whole, scanned in ins:
                self.values[scanned.inner] = self.slice_argument(whole, scanned.axis)
            for node in repetition.nodes:
                self.add_round_node(node, known, outer, ins)
            for read in [*(s.next for s in states), *(o.inner for o in repetition.outs)]:
                self.take_known(read, known, outer, ins)
            wanted = [*(s.next for s in states), *(o.inner for o in repetition.outs)]
            if any(n in self.unknown for n in wanted):
                return False
            nexts, parts = [self.given(s.next) for s in states], [self.given(o.inner) for o in repetition.outs]
            block = self.block
        finally:
            self.block = outer
            self.around = self.around[:-1]
            self.rounds_around //= known.rounds
        for state, first, value in zip(states, firsts, nexts, strict=True):
            if first.type != value.type:
                what = f"state {in_quotes(state.inner.split('//')[-1])}"
                raise Unsupported(f"{what} is {first.type} before and {value.type} after a round; export it again")
        block.add_op(dialect.NextOp(nexts, parts))
        axes = [from_first(o.axis, len(shape_of(v)) + 1) for o, v in zip(repetition.outs, parts, strict=True)]
        stacked = [with_rounds(v, axis, known.rounds) for v, axis in zip(parts, axes, strict=True)]
        results = [*(s.last for s in states), *(o.whole for o in repetition.outs)]
        if results:
            op = dialect.ScanOp(
                known.rounds,
                firsts,
                [whole for whole, _ in ins],
                Region(block),
                [*(v.type for v in firsts), *stacked],
                [s.axis for _, s in ins],
                [s.is_reversed for _, s in ins],
                axes,
                [o.is_reversed for o in repetition.outs],
                name,
            )
            op.verify_()
            self.budget.take_op(op)
            self.block.add_op(op)
            self.values.update((n, v) for n, v in zip(results, op.results, strict=True) if n)
        for state in known.states:
            if state.last:
                self.values[state.last] = self.constant(self.names.unique(name), known.last[state.inner])
        return True

    def slice_argument(self, whole: SSAValue, axis: int) -> SSAValue:
        """An argument of the body for a tensor's slices."""
        shape = shape_of(whole)
        type = TensorType(element_of(whole), [*shape[:axis], *shape[axis + 1 :]])
        return self.block.insert_arg(type, len(self.block.args))

    def add_round_node(
        self, node: onnx.NodeProto, known: Known, outer: Block, ins: list[tuple[SSAValue, Scanned]]
    ) -> None:
        """Add a node of the body, unless it is known; one that takes a row by the number of the round scans."""
        if all(output in known.values for output in node.output if output):
            return
        if node.op_type == "Gather" and self.add_row(node, known, outer, ins):
            return
        for read in node.input:
            self.take_known(read, known, outer, ins)
        for graph in graphs_of(node):
            for inner in graph.node:
                for read in inner.input:
                    self.take_known(read, known, outer, ins)
        self.add(node)

    def take_known(self, name: str, known: Known, outer: Block, ins: list[tuple[SSAValue, Scanned]]) -> None:
        """Make a value that is known in each round one of the body: a constant where it does not change, else scanned.

        Once for each name.
        """
        if name in self.values or name not in known.values:
            return
        rounds = np.stack(known.values[name])
        if (rounds == rounds[:1]).all():
            self.values[name] = self.constant(self.names.unique(name), rounds[0])
            return
        whole = self.constant(self.names.unique(name), rounds)
        ins.append((whole, Scanned(name, name)))
        self.values[name] = self.slice_argument(whole, 0)

    def add_row(self, node: onnx.NodeProto, known: Known, outer: Block, ins: list[tuple[SSAValue, Scanned]]) -> bool:
        """Scan the tensor of which a node takes one row per round; false where it does something else."""
        data, index = node.input[0], node.input[1]
        whole = self.values.get(data)
        if index not in known.values or whole is None or is_inside(whole, self.block) or data in known.values:
            return False
        rows = np.stack(known.values[index])
        if rows[0].size != 1 or (rows == rows[:1]).all():
            return False
        axis = from_first(attributes_of(node).get("axis", 0), len(shape_of(whole)))
        size, rounds = shape_of(whole)[axis], known.rounds
        places = [int(i) + size * (i < 0) for i in rows.reshape(-1)]
        forward, backward = list(range(rounds)), list(range(rounds))[::-1]
        if size != rounds or places not in (forward, backward):
            op = dialect.GatherOp(whole, {axis: places}, self.names.unique(node.name))
            op.verify_()
            self.budget.take_op(op)
            outer.add_op(op)
            whole, places = op.result, forward
        ins.append((whole, Scanned(node.output[0], node.output[0], axis, places == backward != forward)))
        part = self.slice_argument(whole, axis)
        if rows[0].ndim:
            shape = [*shape_of(part)[:axis], *rows[0].shape, *shape_of(part)[axis:]]
            reshape = dialect.ReshapeOp(part, TensorType(element_of(part), shape), self.names.unique(node.name))
            self.block.add_op(reshape)
            part = reshape.result
        self.values[node.output[0]] = part
        return True


def constant_of(value: SSAValue) -> NDArray[Any]:
    """The numbers of a weight."""
    return numbers_of(value.owner) if isinstance(value.owner, dialect.ConstantOp) else weight_reals(value)


def numbers_if_constant(value: SSAValue) -> NDArray[Any] | None:
    """The numbers of a weight; None for what is computed at run time."""
    return constant_of(value) if is_weight(value) else None


def is_inside(value: SSAValue, block: Block) -> bool:
    """Whether a value is made in this block."""
    owner = value.owner
    return owner is block if isinstance(owner, Block) else owner.parent is block


def with_rounds(value: SSAValue, axis: int, rounds: int) -> TensorType[Any]:
    """The type of a value of every round beside each other."""
    shape = shape_of(value)
    return TensorType(element_of(value), [*shape[:axis], rounds, *shape[axis:]])
