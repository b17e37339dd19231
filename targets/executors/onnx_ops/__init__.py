"""The real meaning of every `onnx` op."""

from .table import EVALUATE, evaluate
from .types import Real

__all__ = ["EVALUATE", "Real", "evaluate"]
