"""`analyze --html` and `--boards`: a page without anything from elsewhere, which a browser shows without complaint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import onnx
import pytest

import tinyml_opt
from tinyml_opt.tools.reporting.html import html_table
from tinyml_opt.tools.tinyml import main

DIGITS = Path(__file__).parents[3] / "examples" / "digits"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a model."""
    folder = tmp_path_factory.mktemp("page")
    model = onnx.load(DIGITS / "digits_cnn.onnx")
    onnx.save(model, folder / "digits.onnx")
    command = ["analyze", str(folder / "digits.onnx"), "--board", "uno", "--calib", str(DIGITS / "calib.npz")]
    assert main([*command, "--html", str(folder / "page.html"), "-q"]) == 0
    return folder / "page.html"


class Reader(HTMLParser):
    """Headings, regions that scroll, and whatever would be loaded or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.regions: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.sources += [value for name in ("src", "href", "data") if (value := given.get(name))]
        if given.get("role") == "region":
            self.regions.append(given)


def test_page_needs_nothing_from_elsewhere(page: Path):
    text, reader = page.read_text(), Reader()
    reader.feed(text)
    assert "script" not in reader.tags
    assert all(source.startswith(("#", "data:")) for source in reader.sources)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text)


def test_page_can_be_read_with_a_keyboard(page: Path):
    reader = Reader()
    reader.feed(page.read_text())
    assert len(reader.regions) == 7
    assert all(region["tabindex"] == "0" and region["aria-label"] for region in reader.regions)
    assert {"h1", "h2", "svg", "caption", "th"} <= set(reader.tags)


def test_page_shows_the_figures(page: Path, capsys: pytest.CaptureFixture[str]):
    command = ["analyze", str(page.parent / "digits.onnx"), "--board", "uno", "--json"]
    assert main([*command, "--calib", str(DIGITS / "calib.npz")]) == 0
    found = json.loads(capsys.readouterr().out)
    text = page.read_text()
    for value in (found["peak_ram_bytes"], found["flash_bytes"], found["cycles"], found["macs"]):
        assert f">{value:,}</td>" in text
    assert "tinyml analyze" in text and "SNR" in text and "It fits." in text


def test_page_shows_each_op_and_the_early_layers(page: Path):
    text = page.read_text()
    assert "<caption>What each op takes</caption>" in text and "code (about)" in text and "SNR, dB" in text
    assert "Who makes the halo" in text and "stride 2 of pool1 at conv1" in text


def test_names_are_no_markup():
    text = html_table("<script>", ["<b>"], [("<i>", 1_000)])
    assert "<script>" not in text and "<b>" not in text and "<i>" not in text and ">1,000</td>" in text


@pytest.mark.parametrize("options", [[], ["--blink-settings=preferredColorScheme=0"]], ids=["light", "dark"])
def test_browsers_show_it_at_the_width_of_a_phone(page: Path, options: list[str], tmp_path: Path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no chromium")
    picture = tmp_path / "page.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=390,1600"]
    done = subprocess.run(
        [browser, *flags, *options, f"--screenshot={picture}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert picture.stat().st_size > 10_000, done.stderr
    assert "CONSOLE" not in done.stderr


def test_boards_are_told_apart(capsys: pytest.CaptureFixture[str]):
    assert main(["analyze", str(DIGITS / "digits_cnn.onnx"), "--board", "uno", "--boards", "--json"]) == 0
    found = {entry["board"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert {"uno", "nano33ble", "host"} <= set(found)
    assert found["uno"]["fits"] == "yes" and found["uno"]["ram_bytes"] == 586


def contrast(first: str, second: str) -> float:
    """The ratio of two colours, #rrggbb or #rgb (WCAG 2.1, contrast ratio)."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


def test_text_stands_out_in_light_and_dark() -> None:
    (sheet,) = (Path(tinyml_opt.__file__).parent / "tools" / "reporting").glob("*.css")
    schemes = [dict(re.findall(r"--(\w+): (#\w+)", rule)) for rule in re.findall(r":root \{(.*?)\}", sheet.read_text())]
    assert len(schemes) == 2
    for scheme in schemes:
        assert all(contrast(scheme[text], scheme["paper"]) >= 4.5 for text in ("ink", "good", "bad", "focus"))
        assert contrast(scheme["ink"], scheme["soft"]) >= 4.5
