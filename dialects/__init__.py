"""Dialects, one level of the staircase each; nothing here imports the rest of the project."""
