"""`tinyml boards`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from ...targets.board import board_names, load_board
from ..show import print_json, print_table


def execute(args: Namespace) -> int:
    """List the boards."""
    boards = [load_board(name) for name in board_names()]
    if args.json:
        print_json([asdict(board) for board in boards])
        return 0
    rows = [(b.name, b.title, b.core, b.ram_bytes, b.flash_bytes, b.simulator_name) for b in boards]
    print_table("Boards", ("board", "title", "core", "RAM bytes", "flash bytes", "simulator"), rows)
    return 0
