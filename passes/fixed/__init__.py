"""Rewrites of the `fixed` level: scales, bit widths, rounding."""
