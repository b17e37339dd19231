"""Rewrites of the `onnx` level: what a model means, with fewer operators."""
