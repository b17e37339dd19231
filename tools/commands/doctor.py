"""`tinyml doctor`: compilers, simulators, packages: what is here, what is missing, what for, how to get it."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from ...targets.board import load_board
from ..doctor import Finding, checked, missing_for
from ..show import print_json, print_line, print_table


def execute(args: Namespace) -> int:
    """Print what was found; with --board exit code 1 where something is missing that its builds or runs need."""
    board = None if args.board is None else load_board(args.board)
    found = checked()
    missing = [] if board is None else missing_for(board, found)
    if args.json:
        print_json({"found": [asdict(f) for f in found], "missing": [f.name for f in missing]})
        return 1 if missing else 0
    rows = [(f.name, f.version or "missing", f.purpose, "" if f.version else f.remedy) for f in found]
    print_table("What tinyml works with", ("what", "version", "needed for", "get it with"), rows)
    for line in verdict(found) if board is None else board_verdict(board.name, missing):
        print_line(line)
    return 1 if missing else 0


def verdict(found: list[Finding]) -> list[str]:
    """What to do about what is missing."""
    missing = [f for f in found if not f.version]
    return (
        [f"{len(missing)} missing; each is needed only for what its line says"] if missing else ["nothing is missing"]
    )


def board_verdict(board: str, missing: list[Finding]) -> list[str]:
    """What a board lacks."""
    lines = [f"missing for board {board}: {f.name} ({f.purpose}); {f.remedy}" for f in missing]
    return lines or [f"board {board} can be built and run here"]
