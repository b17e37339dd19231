"""Interval analysis of the level `fixed`: which integers a value can be, for any input of the ports' types."""
