"""Rewrites of the `memplan` level: order, lifetimes, addresses."""
