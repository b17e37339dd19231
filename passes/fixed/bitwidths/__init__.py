"""Widths that a target computes well: products of a change of scale, and storage."""
