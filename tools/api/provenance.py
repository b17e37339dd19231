"""Where a result comes from: the command, the versions, the hashes of what was read."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ... import __version__
from ..compiling.options import Options

PACKAGES = ("xdsl", "numpy", "onnx")


def provenance(options: Options, command: str | None) -> dict[str, Any]:
    """The same for the same inputs and program; `command` is None where no command line was given."""
    files = {"model": options.model, "calibration": options.calibration, "types": options.types}
    return {
        "command": command,
        "versions": {"tinyml-opt": __version__, "python": platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        "sha256": {name: digest(source) for name, source in files.items() if source is not None},
    }


def digest(source: Path | bytes) -> str:
    """The SHA-256 of a file."""
    content = source if isinstance(source, bytes) else source.read_bytes()
    return hashlib.sha256(content).hexdigest()
