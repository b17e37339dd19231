"""What a user installs: a wheel built from a clean copy holds the package, all of it, and nothing else."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("dialects", "lowering", "passes", "targets", "tools")
LEFTOVERS = ("__pycache__", "Output", "*.egg-info")


def copy_of_sources(destination: Path) -> Path:
    """What a release is made of, without what builds and tests leave in the tree."""
    for name in CODE:
        shutil.copytree(ROOT / name, destination / name, ignore=shutil.ignore_patterns(*LEFTOVERS))
    for name in ("test", "examples", "docs"):
        (destination / name).mkdir()
        (destination / name / "stray.py").write_text("")
    for name in ("pyproject.toml", "README.md", "LICENSE", "__init__.py", "py.typed"):
        shutil.copy(ROOT / name, destination / name)
    return destination


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel."""
    sources = copy_of_sources(tmp_path_factory.mktemp("sources"))
    out = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out)]
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(sources)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (file,) = out.glob("*.whl")
    unpacked = out / "unpacked"
    zipfile.ZipFile(file).extractall(unpacked)
    return unpacked


def files_below(folder: Path) -> set[str]:
    """Relative paths of all files, without byte code."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if not {"__pycache__", "Output"} & set(path.parts)}


def test_every_package_is_listed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for name in CODE for path in (ROOT / name).rglob("*.py")}
    found = {".".join(("tinyml_opt", *folder.parts)) for folder in folders if "__pycache__" not in folder.parts}
    assert sorted(listed) == sorted(found | {"tinyml_opt"})


def test_every_package_is_one():
    folders = {path.parent for name in CODE for path in (ROOT / name).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_wheel_holds_the_package_and_nothing_else(wheel: Path):
    tops = sorted(path.name for path in wheel.iterdir())
    assert len(tops) == 2 and tops[0] == "tinyml_opt" and tops[1].endswith(".dist-info")
    expected = {f"{name}/{file}" for name in CODE for file in files_below(ROOT / name)} | {"__init__.py", "py.typed"}
    assert files_below(wheel / "tinyml_opt") == expected


def test_wheel_has_data_files(wheel: Path):
    assert list((wheel / "tinyml_opt/targets/boards").glob("*.toml"))
    assert (wheel / "tinyml_opt/py.typed").exists()


def test_wheel_has_the_licence(wheel: Path):
    (licence,) = wheel.glob("*.dist-info/licenses/LICENSE")
    assert "LLVM Exceptions" in licence.read_text()


@pytest.mark.parametrize("script", ["tinyml-opt", "tinyml"])
def test_console_scripts_print_help(wheel: Path, script: str):
    (entry_points,) = wheel.glob("*.dist-info/entry_points.txt")
    config = configparser.ConfigParser()
    config.read(entry_points)
    module, function = config["console_scripts"][script].split(":")
    program = f"import sys, {module} as m; assert sys.argv.pop(1) in m.__file__; sys.exit(m.{function}())"
    arguments = [sys.executable, "-c", program, str(wheel), "--help"]
    shown = subprocess.run(
        arguments, env={**os.environ, "PYTHONPATH": str(wheel)}, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert f"usage: {script}" in shown.stdout
