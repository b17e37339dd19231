"""Single layers on a Cortex-M, beside CMSIS-NN and hand-written kernels."""
