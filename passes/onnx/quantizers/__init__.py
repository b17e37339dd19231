"""What `onnx-fuse-quantizers` looks for."""
