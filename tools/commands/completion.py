"""`tinyml completion SHELL`: what a shell reads to complete commands, options, boards and files."""

from __future__ import annotations

from argparse import Namespace

from ...dialects.errors import UserError


def execute(args: Namespace) -> int:
    """Print the script. Raises UserError where the package that writes it is not installed."""
    try:
        import shtab
    except ImportError:
        raise UserError("completion needs shtab: pip install 'tinyml-opt[completion]'") from None
    from ..tinyml import argument_parser

    print(shtab.complete(argument_parser(), shell=args.shell))
    return 0
