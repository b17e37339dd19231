"""The error about an op where it is not the op's own verifier that raises it: of a whole module, or of a pass."""

from __future__ import annotations

from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException


class OpError(VerifyException):
    """What is wrong with an op, and the op."""

    def __init__(self, op: Operation, message: str):
        super().__init__(message)
        self.op = op
