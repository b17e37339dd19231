"""Cores, as data: one TOML file each."""
