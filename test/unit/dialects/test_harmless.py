"""Text from a model where it is shown: each reader takes it for text, and at most 100 characters of it are there."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.emitc import tool
from support.hostile import ALL, names

from tinyml_opt.dialects import harmless
from tinyml_opt.dialects.errors import UserError

CONTEXTS = (
    harmless.in_terminal,
    harmless.in_c_comment,
    harmless.in_c_string,
    harmless.in_figure,
    harmless.in_tcl,
    harmless.in_html,
    harmless.in_csv,
)
ASCII = (harmless.in_c_comment, harmless.in_c_string, harmless.in_figure, harmless.in_tcl)

pytestmark = pytest.mark.hypothesis


@given(st.one_of(names(), st.text()))
def test_nothing_invisible_is_left(text: str):
    for context in CONTEXTS:
        shown = context(text)
        assert shown.isprintable(), context
        assert shown.isascii() or context not in ASCII
    assert harmless.line(text).isprintable()
    harmless.in_json(text).encode()


@pytest.mark.parametrize("context", [*CONTEXTS, harmless.in_json])
def test_of_a_long_text_the_start_and_the_end_are_shown(context: Callable[[str], str]):
    assert context("a" * 100) == "a" * 100
    assert context("a" * 50 + "-" + "b" * 50).count("a") == 47
    assert len(context("start" + "a" * 10_000 + "end")) == 100
    assert context("start" + "a" * 10_000 + "end").startswith("start")
    assert context("start" + "a" * 10_000 + "end").endswith("end")


def test_what_replaces_a_character_names_it():
    assert harmless.in_terminal("a\x1b[31m\u202eb\nc") == "a<U+001B>[31m<U+202E>b<U+000A>c"
    assert harmless.in_terminal("\u00e9\u6fc0 x") == "\u00e9\u6fc0 x"
    assert harmless.in_terminal(b"d\x88nse") == "d\\x88nse"
    assert harmless.in_terminal("\udc88") == "<U+DC88>"
    assert harmless.in_quotes("x\n") == "'x<U+000A>'"
    assert harmless.lines("a\tb\n\x1bc\n") == "a b\n<U+001B>c\n"


@given(st.one_of(names(), st.text("*/?\\x ")))
def test_comments_stay_comments(text: str):
    shown = harmless.in_c_comment(text)
    assert not any(pair in shown for pair in ("*/", "/*", "//", "??", "\\"))


def test_comments_stay_readable():
    assert harmless.in_c_comment("serving/x:0") == "serving/x:0"
    assert harmless.in_c_comment("*/ x /*") == "* / x / *"
    assert harmless.in_c_comment("a//b??/c\\") == "a/ /b? ?/c<U+005C>"


def test_a_string_of_c_holds_the_text(tmp_path: Path):
    texts = [text for text in ALL if len(text) <= harmless.LIMIT and "\0" not in text]
    literals = "\n".join(f'  puts("{harmless.in_c_string(text)}");' for text in texts)
    (tmp_path / "a.c").write_text(f"#include <stdio.h>\nint main(void) {{\n{literals}\n  return 0;\n}}\n")
    flags = ["-std=c99", "-trigraphs", "-Wall", "-Wextra", "-pedantic", "-Werror", "-o", "a", "a.c"]
    subprocess.run([tool("cc", "gcc"), *flags], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "a"], capture_output=True, check=True)
    assert done.stdout == "".join(f"{text}\n" for text in texts).encode()


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed (Debian package tcl)")
def test_a_word_of_tcl_holds_the_text():
    texts = [text for text in (*ALL, "") if len(text) <= harmless.LIMIT]
    script = "".join(f"puts [binary encode hex [encoding convertto utf-8 {harmless.in_tcl(t)}]]\n" for t in texts)
    done = subprocess.run(["tclsh"], input=script, capture_output=True, text=True, check=True)
    assert [bytes.fromhex(line).decode() for line in done.stdout.split("\n")[:-1]] == texts


class Reader(HTMLParser):
    """Collects what a browser would show, and the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags = "", list[str]()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


@given(st.one_of(names(), st.text("<>&\"'/b;=")))
def test_html_shows_the_text(text: str):
    reader = Reader()
    reader.feed(f"<p>{harmless.in_html(text)}</p>")
    reader.close()
    assert reader.tags == ["p"]
    assert reader.text == harmless.in_terminal(text)
    assert not set("\"'<>") & set(harmless.in_html(text))


@given(st.lists(names(), min_size=1, max_size=5))
def test_no_cell_is_a_formula(texts: list[str]):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow([harmless.in_csv(text) for text in texts])
    for separator in (",", ";", "\t"):
        (row,) = csv.reader(io.StringIO(file.getvalue()), delimiter=separator)
        assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for cell in row if cell)
        assert len(row) == len(texts) or separator != ","


@given(st.recursive(st.one_of(names(), st.text(), st.floats()), lambda inner: st.dictionaries(st.text(), inner)))
def test_json_can_be_read_by_all(data: object):
    text = harmless.json_text(data)
    assert text.isascii()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.dumps(json.loads(text, parse_constant=refuse), ensure_ascii=False).encode()


def test_json_keeps_what_is_harmless():
    data = {"\u00e9": ["a" * 1000, 1, 0.5, None, True, float("nan")], "x": ("\udc80",)}
    expected = {"\u00e9": ["a" * 1000, 1, 0.5, None, True, None], "x": ["<U+DC80>"]}
    assert json.loads(harmless.json_text(data)) == expected


def test_an_error_is_a_line():
    error = UserError("x\n\x1b[31m", "y" * 1000)
    assert error.reasons == ("x<U+000A><U+001B>[31m", "y" * 1000)
    assert str(error) == "\n".join(error.reasons)
