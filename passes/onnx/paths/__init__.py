"""Masks that select rows, and the rows that they select."""
