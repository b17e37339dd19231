"""Rows of raw bytes between numpy and a firmware, and the C that names a model's buffers."""

from collections.abc import Sequence

import numpy as np
import pytest
from xdsl.dialects.builtin import IntegerType, Signedness, StringAttr, TensorType

from tinyml_opt.dialects.fixed.types import IntsAttr, PortAttr, QType
from tinyml_opt.targets.executors.compiled import pack_rows, unpack_rows
from tinyml_opt.targets.executors.hls import as_text, from_text
from tinyml_opt.targets.firmware import GeneratedModel, c_type, port_bytes, ports_header
from tinyml_opt.targets.simulators.outcome import FirmwareFault


def port(label: str, shape: Sequence[int], bits: int = 8, unsigned: bool = False, last_first: bool = False) -> PortAttr:
    """A port of an ONNX shape; with `last_first` stored in the reverse order of dimensions."""
    storage = IntegerType(bits, Signedness.UNSIGNED if unsigned else Signedness.SIGNLESS)
    axes = tuple(range(len(shape)))
    return PortAttr(
        StringAttr(label), TensorType(QType(storage, 0.5), shape), IntsAttr(axes[::-1] if last_first else axes)
    )


PORTS = (port("a", (1, 3)), port("b", (2, 2), 16), port("c", (1,), 8, unsigned=True))
ROWS = {
    "a": np.array([[[1, -2, 3]], [[-128, 127, 0]]]),
    "b": np.array([[[256, -1], [0, 2]], [[-32768, 32767], [5, 6]]]),
    "c": np.array([[255], [0]]),
}


def test_a_row_is_its_ports_one_after_the_other_without_padding():
    rows = pack_rows(ROWS, PORTS)
    assert rows.tobytes().hex(" ", 12)[:36] == "01fe03" + "0001ffff00000200" + "ff" + " " + "807f000080f"
    assert rows.itemsize == 3 + 8 + 1


def test_rows_come_back():
    back = unpack_rows(pack_rows(ROWS, PORTS).tobytes(), PORTS, 2)
    assert [back[label].dtype for label in "abc"] == ["int8", "int16", "uint8"]
    for label, values in ROWS.items():
        np.testing.assert_array_equal(back[label], values)


def test_rows_as_text_and_back():
    rows = pack_rows(ROWS, PORTS)
    text = as_text(rows, PORTS)
    assert text == "1 -2 3 256 -1 0 2 255\n-128 127 0 -32768 32767 5 6 0\n"
    assert from_text(text, PORTS) == rows.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": np.array([[[1, 2, 200]], [[0, 0, 0]]])}, "'a' must hold integers from -128 to 127"),
        ({"c": np.array([[-1], [0]])}, "'c' must hold integers from 0 to 255"),
        ({"a": np.array([[[1.0, 2, 3]], [[0, 0, 0]]])}, "'a' must hold integers"),
        ({"b": np.zeros((2, 4), np.int16)}, "'b' has shape (2, 4)"),
        ({"c": np.zeros((3, 1), np.uint8)}, "'c' has shape (3, 1)"),
        ({"d": np.zeros((2, 1), np.uint8)}, "inputs are ['a', 'b', 'c', 'd']"),
    ],
)
def test_rows_that_do_not_fit(change: dict[str, np.ndarray], message: str):
    with pytest.raises(ValueError) as caught:
        pack_rows({**ROWS, **change}, PORTS)
    assert message in str(caught.value)


def test_missing_output_rows():
    with pytest.raises(FirmwareFault, match="24 bytes for 3 rows of 12 bytes"):
        unpack_rows(pack_rows(ROWS, PORTS).tobytes(), PORTS, 3)


def test_types_and_sizes_of_ports():
    assert [c_type(p) for p in PORTS] == ["int8_t", "int16_t", "uint8_t"]
    assert [port_bytes(p) for p in PORTS] == [3, 8, 1]
    index = PortAttr(StringAttr("class"), TensorType(IntegerType(32), (1,)), IntsAttr((0,)))
    assert (c_type(index), port_bytes(index)) == ("int32_t", 4)


def test_the_stored_shape_counts():
    stored = port("x", (1, 2, 3), last_first=True)
    rows = pack_rows({"x": np.arange(6).reshape(1, 3, 2, 1)}, (stored,))
    assert rows.tobytes() == bytes(range(6))


def test_ports_header():
    model = GeneratedModel("net", "", "", PORTS[:2], PORTS[2:])
    assert ports_header(model, 4).splitlines() == [
        "#include <stdint.h>",
        '#include "net.h"',
        "int8_t tinyml_in0[3] __attribute__((aligned(4)));",
        "int16_t tinyml_in1[4] __attribute__((aligned(4)));",
        "uint8_t tinyml_out0[1] __attribute__((aligned(4)));",
        "#define READ_INPUTS(read) (read(tinyml_in0, 3) && read(tinyml_in1, 8))",
        "#define WRITE_OUTPUTS(write) (write(tinyml_out0, 1))",
        "#define CALL_MODEL(call) (net_run(tinyml_in0, tinyml_in1, tinyml_out0))",
        "#define MODEL_CALLS (1)",
    ]


def test_an_input_in_the_arena_needs_no_buffer():
    model = GeneratedModel("net", "", "", PORTS[:1], PORTS[2:], input_in_arena=True)
    text = ports_header(model, 4)
    assert "tinyml_in0" not in text
    assert "#define READ_INPUTS(read) (read(net_arena, 3))" in text
    assert "#define CALL_MODEL(call) (net_run(tinyml_out0))" in text
    assert model.caller_bytes == 1


def test_an_input_by_rows_is_pushed():
    model = GeneratedModel("net", "", "", PORTS[:1], PORTS[2:], input_rows=3)
    text = ports_header(model, 4)
    assert "int8_t tinyml_in0[1] " in text
    assert "#define READ_INPUTS(read) (read(tinyml_in0, 1))" in text
    assert "#define CALL_MODEL(call) (net_push_row(tinyml_in0, tinyml_out0))" in text
    assert "#define MODEL_CALLS (3)" in text
    assert model.entry == "net_push_row"
    assert model.caller_bytes == 1 + 1
