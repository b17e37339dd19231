"""What `--package` writes is what build systems take: built, installed and found where their tools are here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools.arguments.code import PACKAGES
from tinyml_opt.tools.tinyml import main

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
NAME = "digits_cnn"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package of each kind."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in PACKAGES:
        make(folder / kind, kind)
    return folder


def make(folder: Path, kind: str, *options: str, board: str = "host") -> None:
    command = ["compile", str(DIGITS / f"{NAME}.onnx"), "--board", board, "--calib", str(DIGITS / "calib.npz")]
    assert main([*command, "-o", str(folder), "--package", kind, "-q", *options]) == 0


def run(command: list[str | Path], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def sources_of(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "src").iterdir() if path.suffix == ".c")


@pytest.mark.parametrize("kind", PACKAGES)
def test_report_says_where_a_package_comes_from(packages: Path, kind: str):
    report = json.loads((packages / kind / f"{NAME}.report.json").read_text())
    assert report["command"].startswith("tinyml compile ") and f"--package {kind}" in report["command"]
    assert set(report["sha256"]) == {"model", "calibration"} and "tinyml-opt" in report["versions"]
    expected = run(["sha256sum", DIGITS / f"{NAME}.onnx"], packages).split()[0]
    assert report["sha256"]["model"] == expected


@pytest.mark.parametrize("kind", [kind for kind in PACKAGES if kind != "arduino"])
def test_examples_run(packages: Path, kind: str, tmp_path: Path):
    require("cc")
    (example,) = (packages / kind).rglob("main.c")
    command = ["cc", "-std=c99", "-I", packages / kind / "src", *sources_of(packages / kind), example]
    run([*command, "-o", tmp_path / "example"], tmp_path)
    assert run([tmp_path / "example"], tmp_path) == f"{NAME}: right\n"


def cmake(*arguments: str | Path, folder: Path) -> str:
    if shutil.which("cmake") is None:
        pytest.skip("no cmake")
    require("cc")
    return run(["cmake", *arguments], folder)


USER = """
cmake_minimum_required(VERSION 3.15)
project(user C)
find_package(digits_cnn 1.0 REQUIRED)
add_executable(user user.c)
target_link_libraries(user PRIVATE digits_cnn::digits_cnn)
"""


def test_cmake_builds_tests_installs_and_is_found(packages: Path, tmp_path: Path):
    build, prefix, user = tmp_path / "build", tmp_path / "prefix", tmp_path / "user"
    cmake("-S", packages / "cmake", "-B", build, f"-DCMAKE_INSTALL_PREFIX={prefix}", folder=tmp_path)
    cmake("--build", build, folder=tmp_path)
    assert "100% tests passed" in run(["ctest", "--test-dir", build], tmp_path)
    cmake("--install", build, folder=tmp_path)
    user.mkdir()
    (user / "CMakeLists.txt").write_text(USER)
    text = f'#include "{NAME}_self_test.h"\nint main(void) {{ return {NAME}_self_test(); }}\n'
    (user / "user.c").write_text(text)
    cmake("-S", user, "-B", user / "build", f"-DCMAKE_PREFIX_PATH={prefix}", folder=tmp_path)
    cmake("--build", user / "build", folder=tmp_path)
    run([user / "build" / "user"], tmp_path)


def test_cmake_builds_for_cortex_m(packages: Path, tmp_path: Path):
    require("arm-none-eabi-gcc")
    options = ["-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_C_COMPILER=arm-none-eabi-gcc"]
    options += ["-DCMAKE_C_FLAGS=-mcpu=cortex-m4 -mthumb", "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY"]
    cmake("-S", packages / "cmake", "-B", tmp_path, *options, folder=tmp_path)
    cmake("--build", tmp_path, folder=tmp_path)
    symbols = run(["arm-none-eabi-nm", tmp_path / f"lib{NAME}.a"], tmp_path)
    assert f" T {NAME}_run\n" in symbols


FIELDS = ("name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures")
CATEGORIES = {
    "Display",
    "Communication",
    "Signal Input/Output",
    "Sensors",
    "Device Control",
    "Timing",
    "Data Storage",
    "Data Processing",
    "Other",
}


def test_arduino_library_has_the_layout_of_its_specification(packages: Path):
    """Arduino's library specification, 1.5 format: fields, names, `src`, sketches in folders of their own name."""
    folder = packages / "arduino"
    lines = (folder / "library.properties").read_text().splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    assert set(FIELDS) <= set(fields) and all(fields.values())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.\-]{0,62}", fields["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["version"])
    assert fields["category"] in CATEGORIES and (folder / "src" / fields["includes"]).is_file()
    assert not [path for path in folder.iterdir() if path.suffix in (".c", ".cpp", ".h", ".ino")]
    sketches = list((folder / "examples").rglob("*.ino"))
    assert sketches and all(sketch.stem == sketch.parent.name for sketch in sketches)


ARDUINO = Path("/usr/share/arduino/hardware")
"""Where Debian's package of the AVR core is."""

END = """
#include <avr/sleep.h>
void loop() {
  Serial.flush();
  cli();
  sleep_enable();
  sleep_cpu();
}
"""
"""A loop that ends a simulation."""


def test_arduino_builds_the_library_and_its_sketch_is_right(tmp_path: Path):
    """The builder finds the library by its layout; the sketch says on the serial port that the result is right."""
    for tool in ("arduino-builder", "simavr", "avr-gcc"):
        require(tool)
    if not ARDUINO.is_dir():
        pytest.skip("no arduino-core-avr")
    command = ["compile", str(DIGITS / "digits.onnx"), "--board", "uno", "--calib", str(DIGITS / "calib.npz"), "-q"]
    assert main([*command, "-o", str(tmp_path / "libraries" / "digits"), "--package", "arduino"]) == 0
    (example,) = (tmp_path / "libraries").rglob("*.ino")
    sketch = tmp_path / "Sketch" / "Sketch.ino"
    for folder in (sketch.parent, tmp_path / "tools", tmp_path / "build"):
        folder.mkdir()
    sketch.write_text(example.read_text().replace("void loop() {}", END))
    folders = ["-hardware", ARDUINO.parents[1] / "arduino-builder", "-hardware", ARDUINO, "-tools", tmp_path / "tools"]
    folders += ["-libraries", tmp_path / "libraries", "-build-path", tmp_path / "build"]
    # Debian's AVR headers name the number of digits as the compiler does.
    settings = {
        "runtime.tools.avr-gcc.path": "/usr",
        "runtime.tools.ctags.path": "/usr/bin",
        "compiler.cpp.extra_flags": "-DDECIMAL_DIG=__DECIMAL_DIG__",
    }
    options = [f"-prefs={name}={value}" for name, value in settings.items()]
    run(["arduino-builder", "-compile", "-fqbn", "arduino:avr:uno", *folders, *options, sketch], tmp_path)
    command = ["simavr", "-m", "atmega328p", "-f", "16000000", str(tmp_path / "build" / "Sketch.ino.elf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "digits: right, " in done.stdout + done.stderr


STUB = """
#include <stdio.h>
struct Port {
  void begin(long) {}
  operator bool() { return true; }
  void print(const char *text) { fputs(text, stdout); }
  void print(unsigned long) {}
  void println(const char *text) { puts(text); }
};
static Port Serial;
static unsigned long micros() { return 0; }
"""


def test_arduino_sketch_runs_against_a_stub(packages: Path, tmp_path: Path):
    require("g++")
    folder = packages / "arduino"
    sketch = (folder / "examples" / "SelfTest" / "SelfTest.ino").read_text()
    (tmp_path / "sketch.cpp").write_text(f"{STUB}{sketch}\nint main() {{ setup(); loop(); }}\n")
    run(["cc", "-c", "-I", folder / "src", *sources_of(folder)], tmp_path)
    objects = sorted(path.name for path in tmp_path.glob("*.o"))
    run(["g++", "-I", folder / "src", "sketch.cpp", *objects, "-o", "sketch"], tmp_path)
    assert run([tmp_path / "sketch"], tmp_path) == f"{NAME}: right,  us\n"


def test_arduino_library_compiles_for_avr(tmp_path: Path):
    require("avr-gcc")
    make(tmp_path, "arduino", board="uno")
    flags = ["-mmcu=atmega328p", "-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror"]
    run(["avr-gcc", *flags, "-c", "-I", tmp_path / "src", *sources_of(tmp_path)], tmp_path)


def test_platformio_lists_what_is_there(packages: Path):
    folder = packages / "platformio"
    manifest = json.loads((folder / "library.json").read_text())
    assert {"name", "version", "build"} <= set(manifest)
    assert (folder / manifest["build"]["srcDir"] / manifest["headers"]).is_file()
    for example in manifest["examples"]:
        assert all((folder / example["base"] / name).is_file() for name in example["files"])


def test_zephyr_module_names_its_files(packages: Path):
    folder = packages / "zephyr"
    module = (folder / "zephyr" / "module.yml").read_text()
    assert module.splitlines() == [f"name: {NAME}", "build:", "  cmake: .", "  kconfig: Kconfig"]
    text = (folder / "CMakeLists.txt").read_text()
    named = re.findall(r"src/\S+\.c", text)
    assert sorted(named) == [f"src/{path.name}" for path in sources_of(folder)]
    option = f"TINYML_{NAME.upper()}"
    assert f"config {option}\n" in (folder / "Kconfig").read_text() and f"CONFIG_{option}" in text
    assert f"CONFIG_{option}=y" in (folder / "samples" / "self_test" / "prj.conf").read_text()


ZEPHYR = """
cmake_minimum_required(VERSION 3.20)
project(stub C)
set(CONFIG_TINYML_DIGITS_CNN y)
macro(zephyr_library)
  add_library(module STATIC)
endmacro()
macro(zephyr_library_sources)
  target_sources(module PRIVATE ${ARGN})
endmacro()
macro(zephyr_include_directories)
  target_include_directories(module PUBLIC ${ARGN})
endmacro()
include(CMakeLists.module)
"""


def test_zephyr_module_builds_against_stubs(packages: Path, tmp_path: Path):
    shutil.copytree(packages / "zephyr" / "src", tmp_path / "src")
    shutil.copy(packages / "zephyr" / "CMakeLists.txt", tmp_path / "CMakeLists.module")
    (tmp_path / "CMakeLists.txt").write_text(ZEPHYR)
    cmake("-S", tmp_path, "-B", tmp_path / "build", folder=tmp_path)
    cmake("--build", tmp_path / "build", folder=tmp_path)
    assert (tmp_path / "build" / "libmodule.a").is_file()


ORDER = ["vendor", "name", "description", "url", "license", "releases", "components"]
"""The children of `package` that the schema wants first, in its order; an `xs:all`, but tools print it so."""


def test_cmsis_pack_keeps_the_rules_of_its_schema(packages: Path):
    """PACK.xsd: required children, patterns of names and versions, categories, files that exist."""
    folder = packages / "cmsis-pack"
    (path,) = folder.glob("*.pdsc")
    package = ElementTree.parse(path).getroot()
    assert [child.tag for child in package] == ORDER
    texts = {child.tag: child.text or "" for child in package}
    assert path.name == f"{texts['vendor']}.{texts['name']}.pdsc"
    assert all(re.fullmatch(r"[\-_A-Za-z0-9]+", texts[tag]) for tag in ("vendor", "name"))
    assert (folder / texts["license"]).is_file()
    releases = package.findall("releases/release")
    assert releases and all(re.fullmatch(r"\d+\.\d+\.\d+", release.attrib["version"]) for release in releases)
    for component in package.findall("components/component"):
        assert {"Cclass", "Cgroup", "Cversion"} <= set(component.attrib)
        assert [child.tag for child in component] == ["description", "files"]
    entries = {entry.attrib["name"]: entry.attrib["category"] for entry in package.iter("file")}
    assert set(entries) == {f"src/{path.name}" for path in (folder / "src").iterdir()}
    assert all(entries[name] == ("header" if name.endswith(".h") else "sourceC") for name in entries)


def test_files_of_a_package_change_together(packages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "cmake"
    shutil.copytree(packages / "cmake", folder)
    weights = folder / "src" / f"{NAME}_weights.c"
    weights.unlink()
    weights.mkdir()
    before = (folder / f"{NAME}.report.json").read_text()
    command = ["compile", str(DIGITS / f"{NAME}.onnx"), "--board", "host", "--calib", str(DIGITS / "calib.npz")]
    assert main([*command, "-o", str(folder), "--package", "cmake", "--bits", "16"]) == 1
    assert "it is a folder" in capsys.readouterr().err
    assert (folder / f"{NAME}.report.json").read_text() == before


def test_cpp_packages_build(tmp_path: Path):
    make(tmp_path / "package", "cmake", "--cpp", "--arena", "caller")
    cmake("-S", tmp_path / "package", "-B", tmp_path / "build", folder=tmp_path)
    cmake("--build", tmp_path / "build", folder=tmp_path)
    assert "100% tests passed" in run(["ctest", "--test-dir", tmp_path / "build"], tmp_path)
