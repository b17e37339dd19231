"""Orders of least peak on plain graphs."""
