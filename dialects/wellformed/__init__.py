"""What must hold of a module that was read from a text, beyond what each op's own verifier sees.

Passes take this for granted. A module that they made of such a one has it by construction.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from ..onnx.budget import DEFAULT_ELEMENTS
from .attributes import verify_attributes
from .dominance import verify_dominance
from .sizes import verify_sizes

__all__ = ["verify_text"]


def verify_text(module: ModuleOp, max_elements: int = DEFAULT_ELEMENTS) -> None:
    """Verify a module as it was read; a value has at most so many elements.

    Sizes and dominance come first, since verifiers count on them. Raises VerifyException, an OpError where the op is
    known.
    """
    verify_sizes(module, max_elements)
    verify_dominance(module)
    module.verify()
    verify_attributes(module)
