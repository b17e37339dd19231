"""Placement on plain intervals: bounds, greedy plans, exact search, several memories."""
