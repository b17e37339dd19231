"""The parts of `tinyml-opt`."""
