"""The one exception for what a user can mend: every tool prints its reasons and exits with code 1."""

from __future__ import annotations


class UserError(Exception):
    """Everything that is wrong with an input, each reason one line that also says what to do."""

    def __init__(self, *reasons: str):
        super().__init__("\n".join(reasons))
        self.reasons = reasons
