"""Whole plans of a function beside each other: what each needs, and which is taken."""
