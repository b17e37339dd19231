"""Nests of loops, as passes for synthesis read and write them."""
