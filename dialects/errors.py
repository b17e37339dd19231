"""The one exception for what a user can mend: every tool prints its reasons and exits with code 1."""

from __future__ import annotations

from .harmless import line


class UserError(Exception):
    """Everything that is wrong with an input, each reason one line that also says what to do."""

    def __init__(self, *reasons: str):
        self.reasons = tuple(map(line, reasons))
        super().__init__("\n".join(self.reasons))
