"""The parts of `tinyml verify`: levels against each other, outputs and nodes against a reference."""
