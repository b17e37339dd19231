"""Damaged MLIR texts: `make fuzz`.

The texts are the parts of this repository's FileCheck tests, with the flags of their RUN lines or the passes that lead
from their level down to text. A few tokens or lines of each are changed: moved, dropped, said twice, other names, other
types, numbers at the ends of their range.
"""

from __future__ import annotations

import random
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from fuzz.mlir_corpus import ANYWHERE, texts
from fuzz.pool import Fuzzer, main

from tinyml_opt.tools import registry
from tinyml_opt.tools.tinyml_opt import main as tinyml_opt

NUMBERS = (
    *("0", "-1", "1", "2", "3", "7", "8", "31", "32", "63", "64", "127", "128", "255", "256", "65535", "65536"),
    *("2147483647", "-2147483648", "4294967296", "9223372036854775807", "-9223372036854775809", f"{10**30}"),
    *("0.0", "1.0e-45", "3.4e38", "1.0e400", "0x7fc00000"),
)
TYPES = (
    *("i0", "i1", "i7", "i8", "ui8", "si8", "i16", "i32", "ui32", "i64", "i128", "f16", "f32", "f64", "index"),
    *("none", "tensor<1x4xf32>", "tensor<*xf32>", "tensor<?x4xi8>", "memref<4xi8>", "!fixed.q<i8, 2^-4>"),
    *("!fixed.q<ui8, 0.5 : 3>", "!fixed.q<i8, axis 0 {0.5, 0.25}>", "!emitc.ptr<i8>", "vector<4xi8>", "()"),
)

Change = Callable[[random.Random, list[str]], None]
"""Changes a list of words in place."""


def swap(rng: random.Random, words: list[str]) -> None:
    """Two words change places."""
    a, b = place(rng, words), place(rng, words)
    words[a], words[b] = words[b], words[a]


def delete(rng: random.Random, words: list[str]) -> None:
    """A few words go."""
    at = place(rng, words)
    del words[at : at + rng.choice((1, 1, 1, 2, 3, 5))]


def duplicate(rng: random.Random, words: list[str]) -> None:
    """A few words are said twice."""
    at = place(rng, words)
    words[at:at] = words[at : at + rng.choice((1, 1, 2, 3))]


def extreme_number(rng: random.Random, words: list[str]) -> None:
    """A number becomes another one."""
    at = match(rng, words, r"\d+x?|\d+\..*")
    if at is not None:
        words[at] = f"{rng.choice(NUMBERS)}{'x' if words[at].endswith('x') else ''}"


def near_number(rng: random.Random, words: list[str]) -> None:
    """An integer moves by a little, or doubles."""
    at = match(rng, words, r"\d+x?")
    if at is not None:
        size = int(words[at].rstrip("x"))
        words[at] = f"{rng.choice((size - 1, size + 1, 2 * size, -size))}{'x' if words[at].endswith('x') else ''}"


def number_everywhere(rng: random.Random, words: list[str]) -> None:
    """A number, or the size of a dimension, becomes another one wherever it stands: types still go together."""
    at = match(rng, words, r"\d+x?")
    if at is not None:
        old, size = words[at], int(words[at].rstrip("x"))
        new = f"{rng.choice((size - 1, size + 1, 2 * size, size // 2, rng.choice(NUMBERS)))}"
        words[:] = [f"{new}{'x' if old.endswith('x') else ''}" if word == old else word for word in words]


def type_everywhere(rng: random.Random, words: list[str]) -> None:
    """A type of numbers becomes another one wherever it stands."""
    at = match(rng, words, r"u?i\d+|f\d+|index")
    if at is not None:
        old, new = words[at], rng.choice(TYPES)
        words[:] = [new if word == old else word for word in words]


def other_type(rng: random.Random, words: list[str]) -> None:
    """The name of a type becomes another type."""
    at = match(rng, words, r"u?i\d+|f\d+|index|tensor|memref|!.*")
    if at is not None:
        words[at] = rng.choice(TYPES)


def other_op(rng: random.Random, words: list[str]) -> None:
    """An op becomes another one of the text or of all texts, of the same dialect."""
    at = match(rng, words, r"(arith|fixed|onnx|memplan|scf|emitc)\.\w+")
    if at is not None:
        dialect = words[at].partition(".")[0] + "."
        source = rng.choice((words, rng.choice(texts()).words))
        words[at] = rng.choice([word for word in source if word.startswith(dialect)] or [words[at]])


def attribute_number(rng: random.Random, words: list[str]) -> None:
    """A number that is no size of a type becomes another one."""
    at = match(rng, words, r"\d+")
    if at is not None:
        words[at] = rng.choice((*NUMBERS, str(rng.randrange(9))))


def near_name(rng: random.Random, words: list[str]) -> None:
    """A value becomes one that stands near it."""
    at = match(rng, words, r"%.*")
    if at is not None:
        words[at] = rng.choice([word for word in words[max(0, at - 40) : at + 40] if word[0] == "%"])


def swap_lines(rng: random.Random, words: list[str]) -> None:
    """Two lines that follow each other change places."""
    lines = split_lines(words)
    at = rng.randrange(len(lines))
    lines[at : at + 2] = reversed(lines[at : at + 2])
    words[:] = [word for line in lines for word in line]


def other_name(rng: random.Random, words: list[str]) -> None:
    """A value, symbol or block becomes another one of the text."""
    at = match(rng, words, r"[%@^].*")
    if at is not None:
        words[at] = rng.choice([word for word in words if word[0] == words[at][0]])


def other_word(rng: random.Random, words: list[str]) -> None:
    """A word becomes one of any text."""
    words[place(rng, words)] = rng.choice(rng.choice(texts()).words)


def drop_attribute(rng: random.Random, words: list[str]) -> None:
    """`name = value` goes, up to the next comma or brace."""
    at = match(rng, words, "=")
    if at is not None and at > 0:
        end = next((i for i in range(at, len(words)) if words[i] in (",", "}", "\n")), len(words))
        del words[at - 1 : end + (words[end : end + 1] == [","])]


def move_line(rng: random.Random, words: list[str]) -> None:
    """A line goes, is said twice, or stands elsewhere."""
    lines = split_lines(words)
    line = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.choice((0, 1, 1, 2))):
        lines.insert(rng.randint(0, len(lines)), line)
    words[:] = [word for line in lines for word in line]


def split_lines(words: Sequence[str]) -> list[list[str]]:
    """Words by line, each with its end."""
    lines: list[list[str]] = [[]]
    for word in words:
        lines[-1].append(word)
        if word == "\n":
            lines.append([])
    return lines


ROUGH: tuple[Change, ...] = (swap, delete, duplicate, extreme_number, other_type, other_name, other_word, move_line)
"""Changes after which most texts cannot be read any more."""

FINE: tuple[Change, ...] = (
    near_number,
    number_everywhere,
    number_everywhere,
    type_everywhere,
    attribute_number,
    attribute_number,
    near_name,
    near_name,
    other_op,
    drop_attribute,
    swap_lines,
    move_line,
)
"""Changes that verifiers and passes get to see."""


def place(rng: random.Random, words: Sequence[str]) -> int:
    """The index of a word."""
    return rng.randrange(len(words)) if words else 0


def match(rng: random.Random, words: Sequence[str], pattern: str) -> int | None:
    """The index of a word that matches a pattern; None where none does."""
    found = [index for index, word in enumerate(words) if re.fullmatch(pattern, word)]
    return rng.choice(found) if found else None


def damaged(seed: int) -> tuple[str, tuple[str, ...]]:
    """The text of a seed, and the flags of its run."""
    rng = random.Random(seed)
    text = rng.choice(texts())
    words = list(text.words)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        if words:
            rng.choice(ROUGH if rng.random() < 0.2 else FINE)(rng, words)
    return joined(words), rng.choice(ANYWHERE if rng.random() < 0.25 else text.flags or ((),))


def joined(words: Sequence[str]) -> str:
    """Words as text."""
    text = " ".join(words).replace(" \n ", "\n").replace(" \n", "\n")
    return re.sub(r"(\dx) (?=[\d\w!?])", r"\1", text).replace("2 ^ - ", "2^-").replace("2 ^ ", "2^")


def content(seed: int) -> bytes:
    """The file of a seed; its first line says how it is run."""
    text, flags = damaged(seed)
    return f"// RUN: tinyml-opt {shlex.join(flags)} %s\n{text}".encode()


def run(path: Path, seed: int) -> int:
    """`tinyml-opt` on a damaged text."""
    return tinyml_opt([*damaged(seed)[1], str(path)])


def warm_up() -> None:
    """Load everything before the first case is run."""
    for table in (registry.DIALECTS, registry.PASSES, registry.TARGETS):
        for path in table.values():
            registry.load(path)
    texts()


FUZZER = Fuzzer("mlir_texts", ".mlir", content, run)

if __name__ == "__main__":
    warm_up()
    sys.exit(main(FUZZER))
