"""Executors: one per level, behind one interface."""
