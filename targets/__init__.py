"""Boards, printers, executors and simulators."""
