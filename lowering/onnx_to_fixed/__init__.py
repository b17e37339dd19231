"""From ONNX ops to structured forms on integers, one file per family of operators."""

from .convert import REWRITES, ConvertOnnxToFixedPass

__all__ = ["REWRITES", "ConvertOnnxToFixedPass"]
