"""Writes ONNX nodes that stand for another one, under names of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

OPSET = 17
"""The version of the operators that are written."""


class NodeWriter:
    """`nodes` in the order of execution; each value is named by what is written."""

    def __init__(self, prefix: str):
        self.prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self._names: dict[str, int] = {}

    def name(self, what: str) -> str:
        """A name that this writer has given to nothing else."""
        count = self._names[what] = self._names.get(what, 0) + 1
        return f"{self.prefix}//{what}" if count == 1 else f"{self.prefix}//{what}_{count}"

    def node(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """A node with one result; returns that."""
        from onnx import helper

        output = self.name(name or operator.lower())
        label = output.removeprefix(f"{self.prefix}//")
        written = helper.make_node(operator, list(inputs), [output], name=f"{self.prefix}_{label}", **attributes)
        self.nodes.append(written)
        return output

    def copy(self, node: onnx.NodeProto, inputs: Sequence[str]) -> str:
        """A node of one result like another on other inputs; returns that result."""
        import onnx

        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        output = self.name(node.op_type.lower())
        copy.name = f"{self.prefix}_{output.removeprefix(f'{self.prefix}//')}"
        copy.input[:], copy.output[:] = list(inputs), [output]
        self.nodes.append(copy)
        return output

    def give(self, value: str, output: str) -> None:
        """Let a value bear the name of a result."""
        from onnx import helper

        self.nodes.append(helper.make_node("Identity", [value], [output], name=output))

    def constant(self, array: NDArray[Any], name: str = "constant") -> str:
        """A Constant."""
        from onnx import numpy_helper

        return self.node("Constant", name=name, value=numpy_helper.from_array(np.array(array, order="C")))

    def integers(self, *values: int) -> str:
        """A Constant list of integers."""
        return self.constant(np.array(values, np.int64), "integers")

    def part(self, value: str, begin: int, end: int, axis: int, name: str = "part") -> str:
        """The elements from `begin` to before `end` along a dimension."""
        bounds = (self.integers(begin), self.integers(end), self.integers(axis))
        return self.node("Slice", value, *bounds, name=name)

    def number(self, value: float) -> str:
        """A Constant number."""
        return self.constant(np.array(value, np.float32), "number")

    def clipped(self, value: str, reach: float | None) -> str:
        """A value between -reach and reach, as it is without any."""
        return value if reach is None else self.node("Clip", value, *map(self.number, (-reach, reach)), name="clipped")

    def scan(
        self,
        body: NodeWriter,
        states: Sequence[tuple[str, str, str]],
        scanned: tuple[str, str, int],
        stacked: tuple[str, int] | None,
        is_reversed: bool,
        name: str,
    ) -> tuple[list[str], str]:
        """A Scan over one tensor: (first, inside, next) of each state, (whole, slice, axis), (value, axis) stacked.

        Returns the names of the last states, and of what is stacked (empty: nothing is).
        """
        from onnx import TensorProto, helper

        def port(value: str) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(value, TensorProto.FLOAT, None)

        whole, slice_, axis = scanned
        outs = [] if stacked is None else [stacked]
        inputs = [port(inner) for _, inner, _ in states] + [port(slice_)]
        outputs = [port(following) for _, _, following in states] + [port(value) for value, _ in outs]
        results = [self.name(f"{name}_last") for _ in states] + [self.name(f"{name}_all") for _ in outs]
        self.nodes.append(
            helper.make_node(
                "Scan",
                [*(first for first, _, _ in states), whole],
                results,
                name=name,
                body=helper.make_graph(body.nodes, "round", inputs, outputs),
                num_scan_inputs=1,
                scan_input_axes=[axis],
                scan_input_directions=[int(is_reversed)],
                **stacking([place for _, place in outs], [is_reversed] * len(outs)),
            )
        )
        return results[: len(states)], results[-1] if outs else ""


def stacking(axes: Sequence[int], flags: Sequence[bool]) -> dict[str, Any]:
    """The attributes of a Scan that say how it stacks; a list of nothing has no type in a file."""
    return {"scan_output_axes": list(axes), "scan_output_directions": list(map(int, flags))} if axes else {}
