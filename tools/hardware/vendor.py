"""`make test-hls`: projects through a vendor's tool, or through bambu, where one of them is on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ..compiler import compile_model
from ..compiling.options import Options
from .hls_project import SCRIPT, project_files

TOOLS: dict[str, tuple[str, ...]] = {
    "vitis_hls": ("-f", SCRIPT),
    "vitis-run": ("--mode", "hls", "--tcl", SCRIPT),
    "bambu": ("{name}.cpp", "--top-fname={name}_run", "--generate-tb={name}_tb.cpp", "--simulate", "-std=c++14"),
}
"""Arguments by tool; each compares outputs with those of `fixed`, and fails where one differs."""

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
MODELS = ("digits", "digits_cnn")
WAYS = ({"lanes": 8}, {"lanes": 8, "ports": "stream", "overlap": True})


def main(folder: Path) -> int:
    """Run the first tool there is on each project; 1 where it fails, 0 where there is none."""
    tool = next((name for name in TOOLS if shutil.which(name)), None)
    if tool is None:
        print(f"skipped: none of {', '.join(TOOLS)} is on PATH")
        return 0
    failed = 0
    for model in MODELS:
        for number, way in enumerate(WAYS):
            place = folder / f"{model}_{number}"
            code = run(tool, model, place, way)
            print(f"{tool}: {model}, {way}: {'equal' if code == 0 else f'failed, see {place}'}")
            failed += code != 0
    return int(failed > 0)


def run(tool: str, model: str, place: Path, way: Mapping[str, int | str | bool]) -> int:
    """Write a project and run a tool on it; its exit code."""
    options = Options(DIGITS / f"{model}.onnx", "arty-a7-35t", DIGITS / "calib.npz", **way)  # pyright: ignore
    place.mkdir(parents=True, exist_ok=True)
    for name, text in project_files(compile_model(options)).items():
        (place / name).write_text(text, encoding="utf-8")
    arguments = [argument.format(name=model) for argument in TOOLS[tool]]
    with (place / "log.txt").open("w", encoding="utf-8") as log:
        environment = {**os.environ, "STEPS": "csim csynth cosim"}
        command = [tool, *arguments]
        return subprocess.run(command, cwd=place, stdout=log, stderr=log, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
