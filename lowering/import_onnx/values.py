"""What is known of a graph's values while it is imported: by their ONNX names, constants and computed ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from xdsl.ir import Block, SSAValue

from ...dialects import onnx as dialect
from ...dialects.dense import from_numpy
from ...dialects.harmless import in_quotes
from ...dialects.onnx.budget import Budget, TooLarge, Unlimited
from ...dialects.onnx.weights import is_weight
from .computed import OF_SHAPES
from .naming import Names
from .node import Unsupported
from .refusals import Refusals, reason_of
from .tensors import NARROW_TYPES, array_of, finite

if TYPE_CHECKING:
    import onnx


class Values:
    """`values` holds what is known by its ONNX name, `unknown` what was refused; `unknown_data` of it is no constant.

    Ops are added to `block`, the body of what is repeated or the function's; constants to that of the function, `top`.
    `folder` is where weights in other files are.
    """

    def __init__(self, block: Block, budget: Budget, folder: Path | None):
        self.block = block
        self.top = block
        self.budget = budget
        self.folder = folder
        self.refusals = Refusals()
        self.names = Names()
        self.values: dict[str, SSAValue | None] = {"": None}
        self.unknown: set[str] = set()
        self.unknown_data: set[str] = set()

    def add_weights(self, name: str, tensor: onnx.TensorProto) -> None:
        """An initializer as a constant, or why not."""
        try:
            array = self.numbers(tensor)
        except (Unsupported, TooLarge, Unlimited) as error:
            self.refusals.add(f"initializer {in_quotes(name)}: {reason_of(error)}")
            self.unknown.add(name)
            return
        self.values[name] = self.constant(self.names.unique(name), array)

    def numbers(self, tensor: onnx.TensorProto) -> NDArray[Any]:
        """The numbers of a tensor of the file."""
        return self.stored(array_of(tensor, self.budget, self.folder))

    def stored(self, array: NDArray[Any]) -> NDArray[Any]:
        """Numbers of the file, for which the budget grows."""
        self.budget.store(array.size)
        return finite(array)

    def constant(self, name: str, array: NDArray[Any]) -> SSAValue:
        """The value of a new constant."""
        op = dialect.ConstantOp(from_numpy(array, NARROW_TYPES.get(array.dtype.name)), name)
        self.top.add_op(op)
        return op.result

    def lookup(self, name: str) -> SSAValue | None:
        """The value of an ONNX name; None for an input left out. Raises Unsupported where nothing computes it."""
        if name not in self.values:
            raise Unsupported(f"input {in_quotes(name)} is not computed by any node; export the model again")
        return self.values[name]

    def pass_over(self, proto: onnx.NodeProto) -> None:
        """A node's values are not known; where it computes on data, these would be data as well."""
        outputs = {output for output in proto.output if output}
        self.unknown |= outputs
        if self.is_at_run_time(proto):
            self.unknown_data |= outputs

    def is_at_run_time(self, proto: onnx.NodeProto) -> bool:
        """Whether a node computes on what comes from the model's inputs, more than its shape."""
        known = (self.values.get(i) for i in proto.input)
        is_data = any(value is not None and not is_weight(value) for value in known)
        return proto.op_type not in OF_SHAPES and (is_data or any(i in self.unknown_data for i in proto.input))
