"""`fixed` on tensors to forms that write into buffers."""
