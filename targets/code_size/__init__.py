"""An estimate of the flash that compiled code takes, without a compiler.

Walks every function as compilers do (`walk.py`), counts what is left, and adds up the prices that
`tools/bench/code_size.py` has measured for the core: a linear model, fitted by least squares to functions and programs
that were linked.
"""

from __future__ import annotations

from .estimate import code_bytes, code_features, function_bytes, function_features

__all__ = ["code_bytes", "code_features", "function_bytes", "function_features"]
