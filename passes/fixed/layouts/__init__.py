"""Transposes at the level `fixed`, and how each thing that meets one takes it in."""
