"""TFLite files to the `onnx` dialect: each operator as the ONNX nodes that it stands for, then as any other model."""
