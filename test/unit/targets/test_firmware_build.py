"""Building firmware: what is measured, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from xdsl.dialects.builtin import StringAttr, TensorType, i8

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.types import IntsAttr, PortAttr, QType
from tinyml_opt.targets import toolchain
from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.firmware import Firmware, GeneratedModel, build_firmware
from tinyml_opt.targets.toolchain import CompileError, ToolchainMissing, compile_with, helper_program, require

BYTES = PortAttr(StringAttr("x"), TensorType(QType(i8, 1.0), (8,)), IntsAttr((0,)))
COPY = "static volatile uint8_t arena[{arena}]; ROM uint8_t table[{table}] = {{1}};"
BODY = "void net_run(const int8_t *x, int8_t *y) { arena[0] = x[0]; y[0] = arena[0] + table[x[1]]; }"
ROM = "#ifdef __AVR__\n#define ROM static const __flash\n#else\n#define ROM static const\n#endif\n"

Build = Callable[..., Firmware]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build a model with an arena and a table in flash of given sizes."""

    def build(board: str, arena: int = 16, table: int = 16, body: str = BODY) -> Firmware:
        source = f'#include "net.h"\n{ROM}{COPY.format(arena=arena, table=table)}\n{body}\n'
        header = "#include <stdint.h>\nvoid net_run(const int8_t *x, int8_t *y);\n"
        return build_firmware(GeneratedModel("net", source, header, (BYTES,), (BYTES,)), load_board(board), tmp_path)

    return build


@pytest.mark.parametrize("board", ["uno", "mega2560", "bluepill", "metro-m0", "stm32f746"])
def test_ram_is_arena_and_buffers_and_flash_grows_with_the_table(build: Build, board: str):
    small, large = build(board), build(board, arena=1016, table=1016)
    assert small.ram_bytes == 16 + 8 + 8
    assert large.ram_bytes == 1016 + 8 + 8
    assert large.flash_bytes - small.flash_bytes == 1000
    assert 16 < small.flash_bytes < 100
    assert small.harness_ram_bytes == 0
    assert small.harness_flash_bytes < 800


@pytest.mark.parametrize("board", ["uno", "bluepill"])
def test_initialized_data_count_in_ram_and_in_flash(build: Build, board: str):
    body = "int8_t start[100] = {1}; void net_run(const int8_t *x, int8_t *y) { y[0] = ++start[x[0]]; }"
    with_data, without = build(board, body=body), build(board, body=body.replace(" = {1}", ""))
    assert with_data.ram_bytes == without.ram_bytes == 100 + 8 + 8
    assert with_data.flash_bytes - without.flash_bytes >= 100


def test_an_arena_larger_than_ram_is_refused_with_the_number_of_bytes(build: Build):
    with pytest.raises(
        UserError, match=r"needs 2,216 bytes of RAM, 0 of them for its harness, 168 more than the 2,048 of board 'uno'"
    ):
        build("uno", arena=2200)


def test_ram_beyond_the_linkers_own_region_is_counted_too(build: Build):
    body = "uint8_t a[32000], b[32000]; void net_run(const int8_t *x, int8_t *y) { y[0] = a[x[0]] + b[x[1]]++; }"
    with pytest.raises(UserError, match=r"needs 64,016 bytes of RAM, .* 61,968 more"):
        build("uno", body=body)


def test_flash_is_checked_with_the_harness(build: Build):
    with pytest.raises(UserError, match=r"bytes of flash, \d+ of them for its harness, [\d,]+ more than the 65,536 of"):
        build("bluepill", table=65536)


def test_what_the_compiler_says_is_shown(build: Build):
    with pytest.raises(CompileError, match="'?nothing'? undeclared"):
        build("nano33ble", body="void net_run(const int8_t *x, int8_t *y) { y[0] = nothing; }")


def test_no_harness_for_a_compiler(build: Build):
    with pytest.raises(UserError, match="no firmware is built for board 'esp32'.*not for xtensa-esp32-elf-gcc"):
        build("esp32")


def test_a_name_that_is_no_identifier(tmp_path: Path):
    with pytest.raises(ValueError, match="not a C identifier"):
        build_firmware(GeneratedModel("a b", "", "", (BYTES,), (BYTES,)), load_board("uno"), tmp_path)


def test_a_missing_compiler_is_named_with_its_package(build: Build, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolchainMissing, match="'avr-gcc' is not installed: apt-get install gcc-avr avr-libc"):
        build("uno")


def test_a_missing_compiler_without_a_package(tmp_path: Path):
    with pytest.raises(ToolchainMissing, match="'no-such-gcc' is not installed: no Debian package"):
        require("no-such-gcc")
    board = replace(load_board("uno"), compiler="no-such-gcc")
    with pytest.raises(UserError, match="there is a harness for avr-gcc, arm-none-eabi-gcc"):
        build_firmware(GeneratedModel("net", "", "", (BYTES,), (BYTES,)), board, tmp_path)


def test_a_missing_header_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(toolchain.PACKAGES, "simavr/none.h", "libsimavr-dev")
    (tmp_path / "a.c").write_text("#include <simavr/none.h>\n")
    with pytest.raises(ToolchainMissing, match="'simavr/none.h' is not installed: apt-get install libsimavr-dev"):
        compile_with("cc", ["-c", "a.c"], tmp_path)


def test_a_helper_program_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    flags = ("-shared", "-fPIC", "-DPLUGIN_VERSION=1")
    first = helper_program("instruction_counter.c", flags, headers=["thumb_classes.h"])
    built = first.stat().st_mtime_ns
    assert helper_program("instruction_counter.c", flags, headers=["thumb_classes.h"]) == first
    assert first.stat().st_mtime_ns == built
    assert first.parent == tmp_path / "tinyml-opt"
    assert [path.name for path in first.parent.iterdir()] == [first.name]
