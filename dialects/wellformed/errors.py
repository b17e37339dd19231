"""The error about an op that is not the one whose verifier runs."""

from __future__ import annotations

from xdsl.ir import Operation
from xdsl.utils.exceptions import VerifyException


class OpError(VerifyException):
    """What is wrong with an op, and the op."""

    def __init__(self, op: Operation, message: str):
        super().__init__(message)
        self.op = op
