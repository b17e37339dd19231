"""Operators on integers and truth values, and between them and reals, as maps."""
