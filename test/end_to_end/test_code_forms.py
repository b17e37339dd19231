"""How a program may stand in C: no form changes an integer, none draws a warning."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.emitc import WARNINGS
from support.recurrent_models import recurrent_layer

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.targets.executors.fixed import FixedExecutor
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.firmware import build_firmware
from tinyml_opt.targets.toolchain import require
from tinyml_opt.tools.analyze import analyze
from tinyml_opt.tools.api.program import Program
from tinyml_opt.tools.api.vectors import vector_of
from tinyml_opt.tools.compiler import compile_model
from tinyml_opt.tools.compiling.options import CodeForm, Options
from tinyml_opt.tools.tinyml import main

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
CNN = DIGITS / "digits_cnn.onnx"
FORMS = {
    "split": CodeForm(),
    "single": CodeForm(single_file=True),
    "caller": CodeForm(caller_state=True),
    "c11": CodeForm("c11", caller_state=True),
    "cpp": CodeForm("c++11", single_file=True),
    "cpp, split": CodeForm("c++11", caller_state=True),
}


@cache
def program(form: CodeForm, board: str = "host", **options: object) -> Program:
    return Program(compile_model(Options(CNN, board, sizes_only=True, form=form, **options)))  # pyright: ignore[reportArgumentType]


CASES = [(form, input) for form in FORMS for input in ("caller", "arena", "rows")]
SOME = [*CASES[::2], ("caller", "arena")]
"""Each form, each way of the input, the state with each way."""


@pytest.mark.parametrize(("form", "input"), SOME)
def test_forms_compute_the_same(form: str, input: str):
    require("g++" if FORMS[form].standard.startswith("c++") else "cc")
    compilation = program(FORMS[form], input=input).compilation
    inputs, expected = vector_of(compilation)
    outputs = HostExecutor(compilation.generated()).run(inputs).outputs
    assert all(np.array_equal(outputs[name], expected[name]) for name in expected)


def write(files: dict[str, str], folder: Path) -> list[str]:
    for name, text in files.items():
        (folder / name).write_text(text)
    return [name for name in files if not name.endswith(".h")]


def clang(language: str) -> list[str]:
    return [sys.executable, "-m", "ziglang", "c++" if language == "c++11" else "cc"]


@pytest.mark.parametrize("compiler", ["gcc", "clang", "arm-none-eabi-gcc"])
@pytest.mark.parametrize("form", [*FORMS.values(), CodeForm(hooks=True)], ids=[*FORMS, "hooks"])
def test_forms_draw_no_warning(form: CodeForm, compiler: str, tmp_path: Path):
    language = form.standard
    tools = {"gcc": "g++" if language == "c++11" else "cc", "arm-none-eabi-gcc": "arm-none-eabi-g++"}
    if compiler == "clang":
        if find_spec("ziglang") is None:
            pytest.skip("no ziglang")
        command = clang(language)
    else:
        tool = tools[compiler] if language == "c++11" else {"gcc": "cc"}.get(compiler, compiler)
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}")
        command = [tool]
    made = program(form, input="rows")
    plain = form.single_file or form.hooks
    sources = write(made.files(self_test=not plain), tmp_path)
    flags = [*(w for w in WARNINGS if w != "-Wmissing-prototypes" or language != "c++11"), "-pedantic"]
    flags += ["-mcpu=cortex-m4", "-mthumb"] if compiler.startswith("arm") else []
    done = subprocess.run(
        [*command, f"-std={language}", *flags, "-c", *sources], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


EXPORTS = DIGITS.parent / "exports"


def recurrent(folder: Path) -> Options:
    """Two GRUs, one from the end."""
    onnx.save(recurrent_layer("GRU", ("y", "h"), direction="bidirectional"), folder / "net.onnx")
    return Options(folder / "net.onnx", "uno", sizes_only=True)


CHECKED: dict[str, Callable[[Path], Options]] = {
    "by rows, memory of the caller": lambda _: Options(
        CNN, "host", sizes_only=True, input="rows", form=CodeForm(caller_state=True)
    ),
    "slices with a row table, ties away from zero": lambda _: Options(
        EXPORTS / "keras_int8.tflite", "nano33ble", stream=True, arithmetic="tflite"
    ),
    "tiles with assembly": lambda _: Options(DIGITS / "digits.onnx", "nano33ble", sizes_only=True),
    "recurrent": recurrent,
    "trees": lambda _: Options(EXPORTS / "sklearn_forest.onnx", "uno", EXPORTS / "sklearn_forest.npz"),
}
"""Programs of every kind, by what is special in their C; the function takes a folder for models."""


@pytest.mark.parametrize("kind", CHECKED)
def test_cppcheck_finds_nothing(kind: str, tmp_path: Path):
    checker = shutil.which("cppcheck")
    if checker is None:
        pytest.skip("no cppcheck")
    made = Program(compile_model(CHECKED[kind](tmp_path)))
    sources = write(made.files(self_test=True), tmp_path)
    options = ["--enable=warning,performance,portability", "--max-configs=1", "--std=c99", "--error-exitcode=1"]
    done = subprocess.run([checker, *options, "--quiet", *sources], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


AXES = (("c99", "c11", "c++11"), (False, True), (False, True), (False, True), (False, True))
"""Standard, memory of the caller, hooks, self-test, one file."""


def covering() -> list[tuple[str, bool, bool, bool, bool]]:
    """Few combinations with every pair of choices in one; a self-test is for itself, without hooks and in no file."""
    rows = [row for row in product(*AXES) if not (row[3] and (row[2] or row[4]))]

    def pairs(row: Sequence[object]) -> set[object]:
        return {(i, row[i], j, row[j]) for i, j in combinations(range(len(AXES)), 2)}

    missing, chosen = set[object]().union(*map(pairs, rows)), list[Any]()
    while missing:
        chosen.append(max(rows, key=lambda row: len(pairs(row) & missing)))
        missing -= pairs(chosen[-1])
    return chosen


MAIN = """
#include "digits_cnn{suffix}.h"
{hooks}
int main(void) {{ return {test}; }}
"""


@pytest.mark.parametrize("row", covering(), ids=lambda row: "-".join(map(str, row)))
def test_options_go_together(row: tuple[str, bool, bool, bool, bool], tmp_path: Path):
    """No warning with any pair of options, and the self-test is right."""
    standard, caller, hooks, self_test, single = row
    compiler = "g++" if standard == "c++11" else "cc"
    require(compiler)
    files = program(CodeForm(standard, single, caller, hooks)).files(self_test=self_test)
    flags = [f"-std={standard}", *(w for w in WARNINGS if w != "-Wmissing-prototypes" or compiler == "cc"), "-pedantic"]
    sources = write(files, tmp_path)
    if not single:
        ends = "".join(f"void digits_cnn_layer_{end}(int16_t layer) {{ (void)layer; }}\n" for end in ("begin", "end"))
        suffix, test = ("_self_test", "digits_cnn_self_test()") if self_test else ("", "0")
        extension = "cpp" if compiler == "g++" else "c"
        text = MAIN.format(suffix=suffix, hooks='#include "digits_cnn.h"\n' + ends if hooks else "", test=test)
        (tmp_path / f"main.{extension}").write_text(text)
        sources.append(f"main.{extension}")
    kind = ["-c"] if single else ["-o", "program"]
    done = subprocess.run([compiler, *flags, *sources, *kind], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if not single:
        subprocess.run([tmp_path / "program"], check=True)


INSTANCES = """
#include "digits_cnn.h"
#include <stdio.h>
static digits_cnn_state one, other;
static int8_t scores[2][DIGITS_CNN_SCORES_SIZE], image[2][DIGITS_CNN_IMAGE_SIZE];
int main(void) {
  for (int i = 0; i < DIGITS_CNN_IMAGE_SIZE; i++) image[0][i] = (int8_t)(3 * i), image[1][i] = (int8_t)(7 * i - 20);
  for (int row = 0; row < DIGITS_CNN_IMAGE_ROWS; row++) {
    digits_cnn_push_row(&one, &image[0][row * DIGITS_CNN_IMAGE_ROW_SIZE], scores[0]);
    digits_cnn_push_row(&other, &image[1][row * DIGITS_CNN_IMAGE_ROW_SIZE], scores[1]);
  }
  for (int i = 0; i < 2 * DIGITS_CNN_SCORES_SIZE; i++) printf("%d ", scores[0][i]);
  return 0;
}
"""


def test_instances_run_at_once(tmp_path: Path):
    require("cc")
    made = program(CodeForm(caller_state=True), input="rows")
    sources = write({**made.files(), "main.c": INSTANCES}, tmp_path)
    subprocess.run(["cc", "-std=c99", *sources, "-o", "both"], cwd=tmp_path, check=True)
    shown = subprocess.run([tmp_path / "both"], capture_output=True, text=True, check=True).stdout
    steps = np.arange(64)
    images = np.stack([3 * steps, 7 * steps - 20]).astype(np.int8).reshape(2, 1, 8, 8, 1)
    expected = FixedExecutor(made.compilation.fixed).run({"image": images}).outputs["scores"]
    assert [int(n) for n in shown.split()] == expected.reshape(-1).tolist()


@pytest.mark.parametrize("board", ["uno", "nano33ble"])
def test_ram_of_the_caller_is_what_is_said(board: str, tmp_path: Path):
    made = program(CodeForm(caller_state=True), board)
    require(made.compilation.board.compiler)
    firmware = build_firmware(made.compilation.generated(), made.compilation.board, tmp_path)
    assert firmware.ram_bytes == analyze(made.compilation).peak_ram_bytes


HOOKS = """
#include "digits_cnn.h"
#include <stdio.h>
static const char *const names[DIGITS_CNN_LAYERS] = DIGITS_CNN_LAYER_NAMES;
static int8_t image[DIGITS_CNN_IMAGE_SIZE], scores[DIGITS_CNN_SCORES_SIZE];
void digits_cnn_layer_begin(int16_t layer) { printf("(%s ", names[layer]); }
void digits_cnn_layer_end(int16_t layer) { printf("%d)", layer); }
int main(void) { digits_cnn_run(image, scores); return 0; }
"""


def test_hooks_are_called_around_layers(tmp_path: Path):
    require("cc")
    sources = write({**program(CodeForm(hooks=True)).files(), "main.c": HOOKS}, tmp_path)
    subprocess.run(["cc", "-std=c99", *sources, "-o", "hooked"], cwd=tmp_path, check=True)
    shown = subprocess.run([tmp_path / "hooked"], capture_output=True, text=True, check=True).stdout
    assert shown == "(conv1 0)(pool1 1)(conv2 2)(pool2 3)(classes 4)"


def test_self_test_finds_a_wrong_weight(tmp_path: Path):
    require("cc")
    made = program(CodeForm())
    files = made.files(self_test=True)
    for wrong in (False, True):
        if wrong:
            text = files["digits_cnn_weights.c"]
            head, numbers = text.rsplit("= {\n", 1)
            first = numbers.split(",", 1)[0]
            files["digits_cnn_weights.c"] = f"{head}= {{\n{numbers.replace(first, '  99', 1)}"
        main_text = '#include "digits_cnn_self_test.h"\nint main(void) { return digits_cnn_self_test(); }\n'
        sources = write({**files, "main.c": main_text}, tmp_path)
        subprocess.run(["cc", "-std=c99", *sources, "-o", "tested"], cwd=tmp_path, check=True)
        assert subprocess.run([tmp_path / "tested"], check=False).returncode == int(wrong)


def test_comments_name_nodes():
    text = program(CodeForm()).files()["digits_cnn.c"]
    assert "/* conv1: 1x8x8x8 of i8, scale " in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--board", "uno", "--cpp"], "avr-g++"),
        (["--board", "host", "--single-file", "--self-test"], "--single-file is one file"),
        (["--board", "host", "--profile", "--package", "c"], "--profile calls functions"),
    ],
)
def test_what_does_not_go_together_is_refused(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["compile", str(CNN), "--calib", str(DIGITS / "calib.npz"), "-o", str(tmp_path), *options]) == 1
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_memories_of_their_own_are_no_state(tmp_path: Path):
    with pytest.raises(UserError, match="memories of their own"):
        program(CodeForm(caller_state=True), "stm32f746", memories=True).files()


def test_forms_are_options_of_the_pipeline():
    compilation = program(CodeForm()).compilation
    other = replace(compilation, options=replace(compilation.options, form=CodeForm(caller_state=True)))
    assert "digits_cnn_state" in other.generated().header
    assert "digits_cnn_state" not in compilation.generated().header
