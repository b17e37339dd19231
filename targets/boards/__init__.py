"""Boards, as data: one TOML file each."""
