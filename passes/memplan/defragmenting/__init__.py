"""Moves of buffers that make a plan fit."""
