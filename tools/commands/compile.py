"""`tinyml compile`: NAME.c, NAME.h and NAME.report.json, or nothing."""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from pathlib import Path

from ...dialects.errors import UserError
from ...dialects.harmless import json_text
from ..analyze import analyze
from ..compiler import compile_model, options_of
from ..fit import refuse_misfit
from ..show import print_json


def execute(args: Namespace) -> int:
    """Compile, check that it fits, and write all files at once."""
    compilation = compile_model(options_of(args))
    analysis = analyze(compilation)
    refuse_misfit(analysis)
    files = compilation.hls_files() if args.target == "hls" else compilation.c_files()
    report = {**analysis.to_json(), "timing_seconds": compilation.timing.seconds()}
    files[f"{compilation.name}.report.json"] = json_text(report) + "\n"
    write_all(args.output, files)
    if args.timing:
        compilation.timing.print()
    if args.json:
        print_json(report)
        return 0
    for name in files:
        print(args.output / name)
    return 0


def write_all(folder: Path, files: dict[str, str]) -> None:
    """Write every file under a temporary name first, then rename: a failure leaves nothing half-written."""
    taken = [folder / name for name in files if (folder / name).is_dir()]
    if taken:
        raise UserError(*(f"cannot write {path}: it is a folder; choose another one with -o" for path in taken))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".tinyml-") as scratch:
            for name, text in files.items():
                (Path(scratch) / name).write_text(text)
            for name in files:
                os.replace(Path(scratch) / name, folder / name)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror}; choose another folder with -o") from error
