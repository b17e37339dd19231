"""ONNX files to the `onnx` dialect: the first step of the stairs."""
