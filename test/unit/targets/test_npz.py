"""Data files of which nothing may be believed: each is refused with its reason, before anything is allocated."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets import npz
from tinyml_opt.targets.npz import read_arrays

ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


def npy(array: np.ndarray) -> bytes:
    """An array as a member."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def header(text: str, version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """The header of a member, with a length that may be a lie."""
    size = len(text) if length is None else length
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version == (1, 0) else "<I", size) + text.encode()


def claim(shape: str, descr: str = "<f4") -> bytes:
    """A member that has this header and four bytes."""
    return header(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n") + b"1234"


def archive(compression: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    """A zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return stream.getvalue()


def encrypted() -> bytes:
    """A zip file whose member says that it is encrypted."""
    data = bytearray(archive(x=npy(ROWS)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def flipped(compression: int) -> bytes:
    """A zip file with damage in the middle of its member."""
    data = bytearray(archive(compression, x=npy(np.arange(1000))))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


def inflated() -> bytes:
    """A member that says that it is much larger than it is, in its own header and in the zip file's."""
    data = archive(zipfile.ZIP_DEFLATED, x=claim("(67108864,)"))
    size = struct.pack("<I", len(claim("(67108864,)")))
    return data.replace(size, struct.pack("<I", len(claim("(67108864,)")) - 4 + (1 << 28)))


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is not an .npz file"),
    "text": (lambda: b"x,y\n1,2\n", "is not an .npz file"),
    "truncated": (lambda: archive(x=npy(ROWS))[:-30], "is not an .npz file"),
    "an array": (lambda: npy(ROWS), "is a single array"),
    "encrypted": (encrypted, "'x' is encrypted"),
    "damaged": (lambda: flipped(zipfile.ZIP_STORED), "'x' is damaged"),
    "damaged stream": (lambda: flipped(zipfile.ZIP_DEFLATED), "'x' "),
    "2^60 elements": (lambda: archive(x=claim(f"({1 << 60},)")), "'x' claims shape"),
    "2^60 elements of no size": (lambda: archive(x=claim(f"({1 << 60},)", "<U0")), "'x' "),
    "negative": (lambda: archive(x=claim("(-1,)")), r"'x' has shape \(-1,\)"),
    "inflated": (inflated, "'x' claims 268,435,5.. bytes, more than a file of"),
    "no number": (lambda: archive(x=claim("('a',)")), "'x' has no readable header"),
    "a giant header": (lambda: archive(x=header("{", (2, 0), 0xFFFFFFFF)), "'x' has no readable header"),
    "a long header": (lambda: archive(x=header("{" + " " * 20000)), "'x' has no readable header"),
    "brackets": (lambda: archive(x=header("(" * 9000)), "'x' has no readable header"),
    "no header": (lambda: archive(x=b"nothing"), "'x' has no readable header"),
    "version 9": (lambda: archive(x=header("{}", (9, 0))), "'x' has no readable header"),
    "no type": (lambda: archive(x=claim("(1,)", "nonsense")), "'x' has no readable header"),
    "pickle": (lambda: archive(x=npy(np.array([{}], object))), "'x' holds Python objects"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path: Path, case: str):
    make, message = REFUSED[case]
    path = tmp_path / "data.npz"
    path.write_bytes(make())
    with pytest.raises(UserError, match=message) as refused:
        read_arrays(path)
    assert all("\n" not in reason for reason in refused.value.reasons)


def test_every_reason_at_once(tmp_path: Path):
    path = tmp_path / "data.npz"
    path.write_bytes(archive(x=claim("(3,)"), y=npy(ROWS), z=npy(np.array([{}], object))))
    with pytest.raises(UserError) as refused:
        read_arrays(path)
    assert [reason.split("'")[1] for reason in refused.value.reasons] == ["x", "z"]


def test_all_arrays_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "data.npz"
    np.savez(path, x=ROWS, y=ROWS)
    monkeypatch.setattr(npz, "MAX_ELEMENTS", 24)
    assert set(read_arrays(path)) == {"x", "y"}
    monkeypatch.setattr(npz, "MAX_ELEMENTS", 23)
    with pytest.raises(UserError, match="'y' has shape .*more than 23 elements"):
        read_arrays(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "array", [ROWS, ROWS.T, np.zeros((0, 3)), np.float64(2.5), np.zeros((1000, 1000), np.int8), np.array(["é"])]
)
def test_what_numpy_writes_is_read(tmp_path: Path, save: Callable[..., None], array: np.ndarray):
    save(tmp_path / "data.npz", x=array)
    np.testing.assert_array_equal(read_arrays(tmp_path / "data.npz")["x"], array)


def test_places_that_hold_no_file(tmp_path: Path):
    with pytest.raises(UserError, match="no such data file"):
        read_arrays(tmp_path / "none.npz")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_arrays(tmp_path)
    with pytest.raises(UserError, match="cannot be read: File name too long"):
        read_arrays(tmp_path / ("n" * 300))
