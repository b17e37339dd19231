"""Rewrites of the loops level: order of iteration, unrolling, machine operations."""
