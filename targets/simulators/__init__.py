"""Instruction-set simulators and the firmware that runs in them."""
