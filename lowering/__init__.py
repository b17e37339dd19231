"""Conversions between levels, one file each."""
