"""Files of widths and scales."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.settings import Setting
from tinyml_opt.passes.fixed.scales.types_file import Settings, read_settings, settings_text

SETTINGS: Settings = {
    ("inputs", 'an image: "1"'): Setting(bits=8),
    ("values", "Gemm_2"): Setting(bits=16, clip=0.9, scheme="pow2"),
    ("values", "tanh"): Setting(range=(-4.0, 3.5)),
    ("values", "relu"): Setting(scale=2.0**-7),
    ("weights", "w"): Setting(bits=4, per="tensor"),
}


def test_what_is_written_is_read(tmp_path: Path):
    file = tmp_path / "types.toml"
    file.write_text(settings_text(SETTINGS, {("values", "relu"): "line\nbreaks"}))
    assert read_settings(file, SETTINGS) == SETTINGS


def test_a_number_alone_is_a_width(tmp_path: Path):
    file = tmp_path / "types.toml"
    file.write_text("[values]\nrelu = 12\n")
    assert read_settings(file, SETTINGS) == {("values", "relu"): Setting(bits=12)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[values", "no TOML"),
        ("values = 3", "'values' is no table"),
        ("[values]\nrelu = true", "expected a width of 4 to 16 bits"),
        ("[values]\nrelu = { clip = 0 }", "above 0 and at most 2"),
        ("[values]\nrelu = { clip = nan }", "above 0 and at most 2"),
        ("[values]\nrelu = { scale = -1 }", "expected a positive number"),
        ("[values]\nrelu = { scheme = 'log' }", "expected affine, symmetric or pow2"),
        ("[values]\nrelu = { range = [1, 'a'] }", r"expected \[low, high\]"),
        ("[values]\nrelu = { range = [1, 1] }", r"expected \[low, high\]"),
        ("[weights]\nw = { per = 3 }", "expected row or tensor"),
        ("[inputs]\nimages = 8", "the model has no such input"),
    ],
)
def test_refusals(tmp_path: Path, text: str, reason: str):
    file = tmp_path / "types.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=reason):
        read_settings(file, SETTINGS)


def test_no_file(tmp_path: Path):
    with pytest.raises(UserError, match="no such file of types"):
        read_settings(tmp_path / "types.toml", SETTINGS)
