"""When kernels are compiled, what is said of it, and what happens where machine code cannot be kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from numba.core import caching, config
from support import small_kernel
from support.networks import Network

from tinyml_opt.passes.memplan.offsets import compiled
from tinyml_opt.passes.memplan.offsets.compiled import INTERPRETED, loads, machine_code, worthwhile

SAID = "compiling the memory planner's small, once on this computer: some ten seconds ...\n"


@pytest.fixture(autouse=True)
def kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Machine code is kept in a folder of the test, and numba counts as not loaded yet."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    loads.cache_clear()
    yield
    loads.cache_clear()


def total_of_three() -> int:
    """The kernel's answer, by machine code that is loaded or made now."""
    row = np.array([1, 2, 3])
    return machine_code(small_kernel.__name__, "total", (row, 2))(row, 2)


def test_only_compiling_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    """Once, however many functions the module has; not where machine code is loaded."""
    assert total_of_three() == 12
    assert capsys.readouterr().err == SAID
    assert total_of_three() == 12
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("method", ["load_overload", "save_overload"])
def test_without_a_folder_it_works(
    method: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged or a full folder: compiled for this process."""

    def broken(*_: object) -> None:
        raise EOFError if method == "load_overload" else OSError(28, "No space left on device")

    monkeypatch.setattr(caching.FunctionCache, method, broken)
    assert total_of_three() == 12
    assert capsys.readouterr().err == SAID


def test_where_nothing_can_be_written_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba refuses to keep a function that has no folder."""
    monkeypatch.setattr(caching.FunctionCache._impl_class, "_locator_classes", [])  # pyright: ignore
    with pytest.raises(RuntimeError):
        compiled.just_in_time(small_kernel.__name__, "total", True)
    assert total_of_three() == 12


def test_a_broken_numba_is_told_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What would be compiled is interpreted then."""

    def broken(name: str) -> None:
        raise ImportError(f"{name} needs another NumPy")

    monkeypatch.setattr(compiled, "import_module", broken)
    assert not worthwhile(INTERPRETED - 1)
    assert capsys.readouterr().err == ""
    assert not worthwhile(INTERPRETED) and not worthwhile(INTERPRETED)
    assert capsys.readouterr().err.count("numba needs another NumPy") == 1


def test_numba_is_loaded_where_it_pays() -> None:
    """From so many steps on, and then for all."""
    assert not worthwhile(INTERPRETED - 1)
    assert worthwhile(INTERPRETED)
    assert worthwhile(1)


def test_a_small_model_does_not_load_numba(tmp_path: Path) -> None:
    """Nor does whatever imports the planners."""
    net = Network((1, 4, 8, 8))
    net.result(net.node("Relu", net.node("Conv", "x", net.weight(6, 4, 3, 3), pads=[1, 1, 1, 1])))
    onnx.save(net.model(), tmp_path / "net.onnx")
    code = "import sys; from tinyml_opt.tools.tinyml import main; main(sys.argv[1:]); assert 'numba' not in sys.modules"
    arguments = ["analyze", str(tmp_path / "net.onnx"), "--board", "uno", "--stream"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
