"""Boards: the files of the package, a user's file, and everything that is refused."""

from pathlib import Path

import pytest

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.board import Board, Memory, board_names, load_board
from tinyml_opt.targets.simulators.qemu import machines_of

MINIMAL = """
title = "A board"
mcu = "atmega328p"
core = "AVR"
ram_bytes = 1024
flash_bytes = 8192
alignment = 1
index_bits = 16
product_bits = 32
compiler = "avr-gcc"
flags = ["-mmcu=atmega328p"]
[simulator]
kind = "simavr"
"""


def refused(text: str, path: Path) -> tuple[str, ...]:
    """The reasons for which a board file is refused."""
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_board(path)
    return caught.value.reasons


def test_the_boards_of_the_package_load():
    names = board_names()
    assert set(names) >= {
        "uno",
        "mega2560",
        "nano33ble",
        "bluepill",
        "metro-m0",
        "esp32",
        "stm32f746",
        "rp2040",
        "host",
    }
    assert [load_board(name).name for name in names] == list(names)


@pytest.mark.parametrize("name", board_names())
def test_facts_that_hang_together(name: str):
    board = load_board(name)
    assert (board.core == "AVR") == (board.index_bits == 16) == (board.product_bits == 32)
    assert (board.compiler == "avr-gcc") == (board.simulator.kind == "simavr")
    assert (board.compiler == "arm-none-eabi-gcc") == (board.simulator.kind == "qemu-system-arm")
    assert (board.compiler == "riscv64-unknown-elf-gcc") == (board.simulator.kind == "qemu-system-riscv32")
    assert (board.simulator.kind == "none") == bool(board.simulator.reason)
    assert board.core.startswith(("Cortex-M", "RV32")) == bool(machines_of(board))
    assert ("dsp" in board.features) == board.core.startswith(("Cortex-M4", "Cortex-M7", "Cortex-M33", "Cortex-M55"))


def test_uno():
    uno = load_board("uno")
    assert (uno.mcu, uno.ram_bytes, uno.flash_bytes, uno.clock_hz) == ("atmega328p", 2048, 32768, 16_000_000)


def test_memories_add_up_to_the_ram():
    dtcm = Memory("DTCM, no wait states", "ram", 0x20000000, 64 * 1024, "dtcm", ".dtcm")
    assert load_board("stm32f746").memories[0] == dtcm
    assert sum(memory.bytes for memory in load_board("stm32f746").memories) == 320 * 1024


def test_an_unknown_board_is_named_with_the_nearest():
    with pytest.raises(
        UserError, match=r"no board 'unno'; did you mean 'uno'\? There are .*bluepill, .*uno, .*; or give"
    ):
        load_board("unno")


def test_an_unknown_board_without_a_near_one():
    with pytest.raises(UserError) as caught:
        load_board("zzzzzz")
    assert "did you mean" not in str(caught.value)


def test_a_board_of_the_user(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL)
    board = load_board(str(path))
    assert isinstance(board, Board)
    assert (board.name, board.ram_bytes, board.flags, board.features) == ("mine", 1024, ("-mmcu=atmega328p",), ())
    assert board.clock_hz is None


def test_no_such_file(tmp_path: Path):
    with pytest.raises(UserError, match="no such board file"):
        load_board(tmp_path / "none.toml")


def test_not_toml(tmp_path: Path):
    assert "is not TOML" in refused("title = ", tmp_path / "b.toml")[0]


def test_all_reasons_at_once(tmp_path: Path):
    text = MINIMAL.replace('mcu = "atmega328p"\n', "").replace("1024", '"much"').replace("title", "titel")
    reasons = " ".join(refused(text, tmp_path / "b.toml"))
    assert "title is missing" in reasons and "mcu is missing" in reasons
    assert "unknown field titel" in reasons
    assert "ram_bytes must be of type int, got 'much'" in reasons


def test_values_that_no_pass_takes(tmp_path: Path):
    text = MINIMAL.replace("index_bits = 16", "index_bits = 8").replace('kind = "simavr"', 'kind = "renode"')
    reasons = " ".join(refused(text, tmp_path / "b.toml"))
    assert "index_bits is 8; it must be one of 16, 32" in reasons
    assert "simulator.kind must be one of" in reasons


def test_wrong_entries_of_a_list(tmp_path: Path):
    reasons = refused(MINIMAL.replace('["-mmcu=atmega328p"]', "[1]"), tmp_path / "b.toml")
    assert reasons[0].endswith("flags must be a list of str")


def test_memories_that_do_not_add_up(tmp_path: Path):
    text = MINIMAL + '[[memories]]\nname = "a"\nkind = "ram"\norigin = 0\nbytes = 1000\n'
    assert "the memories of kind ram hold 1000 bytes, ram_bytes is 1024" in refused(text, tmp_path / "b.toml")[0]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ('id = "dtcm"', "memories[0].section is the linker's: each memory with an id needs one, but `sram`"),
        ('id = "sram"\nsection = ".data"', "memories[0].section is the linker's"),
        ('section = ".dtcm"', "memories[0].id is missing"),
        ('id = "dtcm"\nsection = ".a b"', "memories[0].section is a name such as .dtcm, not '.a b'"),
        ('id = "flash"\nsection = ".x"', "no memory can be named `flash`"),
        ('id = "D T"\nsection = ".x"', "`D T=1024` is not `name=bytes`"),
        ("id = 1", "memories[0].id must be of type str"),
    ],
)
def test_memories_that_cannot_have_an_arena(fields: str, reason: str, tmp_path: Path):
    text = MINIMAL + f'[[memories]]\nname = "a"\nkind = "ram"\norigin = 0\nbytes = 1024\n{fields}\n'
    assert any(reason in found for found in refused(text, tmp_path / "b.toml"))


def test_flash_has_no_arena(tmp_path: Path):
    text = MINIMAL + '[[memories]]\nname = "a"\nkind = "flash"\norigin = 0\nbytes = 8192\nid = "x"\nsection = ".x"\n'
    assert "memories[0] is of kind flash" in refused(text, tmp_path / "b.toml")[0]


def test_qemu_without_machines(tmp_path: Path):
    assert (
        "simulator.machines is missing" in refused(MINIMAL.replace("simavr", "qemu-system-arm"), tmp_path / "b.toml")[0]
    )


def test_a_machine_without_a_memory_map(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL.replace('kind = "simavr"', 'kind = "qemu-system-arm"\nmachines = ["versatilepb"]'))
    with pytest.raises(UserError, match="no QEMU machine versatilepb; there are microbit"):
        machines_of(load_board(path))


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path):
    text = MINIMAL.replace('title = "A board"', "title = 7").replace("ram_bytes = 1024", f"ram_bytes = {10**18}")
    text = text.replace("alignment = 1", "alignment = 3").replace('"simavr"', '"magic"') + "speed = 1\n"
    reasons = refused(text + '[[memories]]\nname = "a"\n', tmp_path / "bad.toml")
    wrong = ("title", "ram_bytes", "alignment", "simulator.kind", "simulator.speed")
    wrong += ("memories[0].kind", "memories[0].origin", "memories[0].bytes")
    assert all(any(name in reason for reason in reasons) for name in wrong)


@pytest.mark.parametrize("text", ["a = " + "[" * 3000, "a = " + "9" * 5000, "a = \x00", "[a", "a = 1\na = 2"])
def test_texts_that_are_no_toml(tmp_path: Path, text: str):
    (reason,) = refused(text, tmp_path / "bad.toml")
    assert "is not TOML" in reason
