"""Which file stands where in each kind of package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from ...dialects.errors import UserError
from ..firmware import GeneratedModel

EXAMPLE = "examples/self_test"


@dataclass(frozen=True)
class Kind:
    """A kind of package: where the example is, and its descriptions, each a template and its place."""

    example: str
    templates: Mapping[str, str]


KINDS: Mapping[str, Kind] = {
    "c": Kind(f"{EXAMPLE}/main.$ext", {"README.md": "README.md"}),
    "arduino": Kind("", {"library.properties": "library.properties", "SelfTest.ino": "examples/SelfTest/SelfTest.ino"}),
    "platformio": Kind(
        f"{EXAMPLE}/src/main.$ext",
        {"library.json": "library.json", "platformio.ini": f"{EXAMPLE}/platformio.ini"},
    ),
    "zephyr": Kind(
        "samples/self_test/src/main.$ext",
        {
            "module.yml": "zephyr/module.yml",
            "CMakeLists.txt": "CMakeLists.txt",
            "Kconfig": "Kconfig",
            "sample.cmake": "samples/self_test/CMakeLists.txt",
            "prj.conf": "samples/self_test/prj.conf",
            "sample.yaml": "samples/self_test/sample.yaml",
        },
    ),
    "cmake": Kind(f"{EXAMPLE}/main.$ext", {"CMakeLists.txt": "CMakeLists.txt"}),
    "cmsis-pack": Kind(f"{EXAMPLE}/main.$ext", {"pack.pdsc": "tinyml-opt.$name.pdsc", "LICENSE.txt": "LICENSE.txt"}),
}
"""By the name that `--package` takes; sources are in `src` of all kinds."""


@dataclass(frozen=True)
class Facts:
    """What descriptions say beside names: the board, bytes, the version of this program."""

    board: str
    ram_bytes: int
    flash_bytes: int
    version: str


def package_files(kind: str, model: GeneratedModel, tests: Mapping[str, str], facts: Facts) -> dict[str, str]:
    """All files of a package, by their paths in its folder; `tests` are the model's self-test. Raises UserError."""
    if kind not in KINDS:
        raise UserError(f"no package '{kind}'; there are {', '.join(KINDS)}")
    sources = {**model.texts, **tests}
    names = substitutions(model, sorted(sources), facts)
    found = {f"src/{name}": text for name, text in sources.items()}
    if KINDS[kind].example:
        found[filled(KINDS[kind].example, names)] = filled(template("common", "main.c"), names)
    for source, place in KINDS[kind].templates.items():
        found[filled(place, names)] = filled(template(kind, source), names)
    return found


def substitutions(model: GeneratedModel, sources: Sequence[str], facts: Facts) -> dict[str, str]:
    """What stands for each `$word` of a template."""
    compiled = [f"src/{name}" for name in sources if not name.endswith(".h")]
    entries = [
        f'        <file category="{"header" if name.endswith(".h") else category(name)}" name="src/{name}"/>'
        for name in sources
    ]
    return {
        "name": model.name,
        "upper": model.name.upper(),
        "ext": "cpp" if model.is_cpp else "c",
        "language": "CXX" if model.is_cpp else "C",
        "sources": " ".join(compiled),
        "files": "\n".join(entries),
        "board": facts.board,
        "ram": f"{facts.ram_bytes:,}",
        "flash": f"{facts.flash_bytes:,}",
        "version": facts.version,
    }


def category(name: str) -> str:
    """What a CMSIS pack calls a source file."""
    return "sourceCpp" if name.endswith(".cpp") else "sourceC"


def template(kind: str, name: str) -> str:
    """The text of a template."""
    return files(f"{__package__}").joinpath("templates", kind, name).read_text(encoding="utf-8")


def filled(text: str, names: Mapping[str, str]) -> str:
    """A template with its words filled in."""
    return Template(text).substitute(names)
