"""Small hand-written models on the host and on every simulated core: outputs, exact counts, stack, and faults."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import IntegerType, Signedness, StringAttr, TensorType

from tinyml_opt.dialects.errors import UserError
from tinyml_opt.dialects.fixed.types import IntsAttr, PortAttr, QType
from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.executors.avr import AvrExecutor
from tinyml_opt.targets.executors.cortex_m import CortexMExecutor
from tinyml_opt.targets.executors.hls import HlsExecutor
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.interface import Run
from tinyml_opt.targets.executors.select import board_executor
from tinyml_opt.targets.firmware import GeneratedModel
from tinyml_opt.targets.processes import TooSlow
from tinyml_opt.targets.simulators.outcome import FirmwareFault, StackOverflow
from tinyml_opt.targets.toolchain import ToolchainMissing

AVR = ["uno", "mega2560"]
RISC_V = ("longan-nano",)
CORTEX_M = ["metro-m0", "bluepill", "nano33ble", "stm32f746"]
FLASH = "#ifdef __AVR__\n#define ROM static const __flash\n#else\n#define ROM static const\n#endif\n"


def port(label: str, shape: Sequence[int], bits: int = 8, unsigned: bool = False) -> PortAttr:
    """A port stored as its ONNX shape."""
    storage = IntegerType(bits, Signedness.UNSIGNED if unsigned else Signedness.SIGNLESS)
    return PortAttr(StringAttr(label), TensorType(QType(storage, 0.5), shape), IntsAttr(tuple(range(len(shape)))))


@cache
def matvec_weights() -> NDArray[np.int64]:
    """(48, 64) weights, int8."""
    return np.random.default_rng(1).integers(-128, 128, (48, 64))


def matvec() -> GeneratedModel:
    """y = saturate((W x) >> 9), with an arena of 48 accumulators."""
    rows, columns = matvec_weights().shape
    source = f"""#include "matvec.h"
{FLASH}
ROM int8_t weights[{rows * columns}] = {{{", ".join(map(str, matvec_weights().ravel()))}}};
static int32_t arena[{rows}];
void matvec_run(const int8_t *x, int8_t *y) {{
  for (int16_t i = 0; i < {rows}; i++) {{
    arena[i] = 0;
    for (int16_t j = 0; j < {columns}; j++) arena[i] += (int16_t)weights[i * {columns} + j] * x[j];
  }}
  for (int16_t i = 0; i < {rows}; i++) {{
    int32_t value = arena[i] >> 9;
    y[i] = value < -128 ? -128 : value > 127 ? 127 : value;
  }}
}}
"""
    header = "#include <stdint.h>\nvoid matvec_run(const int8_t *x, int8_t *y);\n"
    return GeneratedModel("matvec", source, header, (port("x", (1, columns)),), (port("y", (1, rows)),))


def small(body: str, before: str = "") -> GeneratedModel:
    """A model of four bytes to four bytes with this body."""
    source = f'#include "net.h"\n{before}\nvoid net_run(const int8_t *x, int8_t *y) {{ {body} }}\n'
    header = "#include <stdint.h>\nvoid net_run(const int8_t *x, int8_t *y);\n"
    return GeneratedModel("net", source, header, (port("x", (4,)),), (port("y", (4,)),))


def naked(assembly: str) -> GeneratedModel:
    """A model that is these instructions and no others."""
    prototype = "__attribute__((naked)) void net_run(const int8_t *x, int8_t *y);"
    return small(f'__asm__ volatile("{assembly}");', prototype)


def run(model: GeneratedModel, board: str, rows: int = 2) -> Run:
    """Run a model of four bytes on the rows 0, 1, 2, 3; 4, 5, 6, 7; ..."""
    x = np.arange(4 * rows, dtype=np.int8).reshape(rows, 4)
    return board_executor(model, load_board(board)).run({"x": x})


@pytest.mark.parametrize("board", [*AVR, *CORTEX_M, "rp2040", "edge2", "host"])
def test_matvec(board: str):
    x = np.random.default_rng(2).integers(-128, 128, (20, 1, 64), dtype=np.int8)
    result = board_executor(matvec(), load_board(board)).run({"x": x})
    expected = np.clip((x.astype(np.int64) @ matvec_weights().T) >> 9, -128, 127)
    np.testing.assert_array_equal(result.outputs["y"], expected)
    figures, macs = result.measurement, matvec_weights().size
    if board == "host":
        return
    assert figures.ram_bytes == 4 * 48 + 48 + 64
    assert figures.flash_bytes is not None and macs < figures.flash_bytes < macs + 400
    assert figures.stack_bytes is not None and figures.stack_bytes < 64
    count = figures.cycles if board in AVR else figures.instructions
    assert count is not None and 3 * macs < count < 100 * macs


@pytest.mark.parametrize("board", [*AVR, *CORTEX_M, *RISC_V, "host"])
def test_ports_of_several_widths(board: str):
    source = """#include "mix.h"
void mix_run(const int16_t *a, const uint8_t *b, int32_t *products, uint8_t *high) {
  for (int i = 0; i < 6; i++) {
    products[i] = (int32_t)a[i] * b[i];
    high[i] = (uint16_t)a[i] >> 8;
  }
}
"""
    header = "#include <stdint.h>\nvoid mix_run(const int16_t *, const uint8_t *, int32_t *, uint8_t *);\n"
    inputs = port("a", (2, 3), 16), port("b", (6,), 8, unsigned=True)
    outputs = port("products", (3, 2), 32), port("high", (6,), 8, unsigned=True)
    random = np.random.default_rng(3)
    a = random.integers(-32768, 32768, (5, 2, 3), dtype=np.int16)
    b = random.integers(0, 256, (5, 6), dtype=np.uint8)
    model = GeneratedModel("mix", source, header, inputs, outputs)
    result = board_executor(model, load_board(board)).run({"b": b, "a": a})
    products = (a.reshape(5, 6).astype(np.int32) * b).reshape(5, 3, 2)
    np.testing.assert_array_equal(result.outputs["products"], products)
    np.testing.assert_array_equal(result.outputs["high"], (a.reshape(5, 6) >> 8).astype(np.uint8))
    assert result.outputs["high"].dtype == np.uint8


@pytest.mark.parametrize(("board", "address_bytes"), [("uno", 2), ("mega2560", 3)])
def test_avr_cycles_and_stack_are_exact(board: str, address_bytes: int):
    figures = run(naked("nop\\n nop\\n push r0\\n push r0\\n pop r0\\n pop r0\\n ret"), board).measurement
    assert figures.cycles == 2 * 1 + 4 * 2 + (4 if address_bytes == 2 else 5)
    assert figures.stack_bytes == 2 + address_bytes
    assert figures.flash_bytes == 7 * 2


@pytest.mark.parametrize("board", CORTEX_M)
def test_cortex_m_instructions_and_stack_are_exact(board: str):
    figures = run(naked("nop\\n nop\\n push {r4, r5, r6, lr}\\n nop\\n pop {r4, r5, r6, pc}"), board).measurement
    assert figures.instructions == 5
    assert figures.stack_bytes == 16


@pytest.mark.parametrize("board", ["metro-m0", "nano33ble"])
def test_instructions_of_a_loop_depend_on_the_row(board: str):
    loop = "ldrb r2, [r0]\\n 1: sub r2, r2, #1\\n bne 1b\\n strb r2, [r1]\\n bx lr"
    executor = board_executor(naked(".syntax unified\\n" + loop.replace("sub ", "subs ")), load_board(board))
    rows = np.array([[100, 0, 0, 0], [3, 0, 0, 0]], np.int8)
    each = [executor.run({"x": rows[i : i + 1]}).measurement.instructions for i in range(2)]
    assert each == [3 + 2 * 100, 3 + 2 * 3]
    assert executor.run({"x": rows}).measurement.instructions == 3 + 103


def test_a_skip_passes_over_one_word_of_adiw():
    """simavr 1.6 takes this ADIW for two words and would skip the first `inc` too."""
    asm = '__asm__("clr r0\\n {skip} r0, 0\\n adiw %0, 0x1c\\n inc %1\\n inc %1" : "+w"(sum), "+r"(count));'
    body = f"uint16_t sum = 0; uint8_t count = 0; {asm} y[0] = sum; y[1] = count;"
    assert run(small(body.format(skip="sbrc")), "uno").outputs["y"][0, :2].tolist() == [0, 2]
    assert run(small(body.format(skip="sbrs")), "uno").outputs["y"][0, :2].tolist() == [28, 2]


NULL_CALL = "((void (*volatile)(void))0)(); y[0] = x[0];"
RECURSION = "int deep(int n) { volatile char frame[64]; frame[0] = n; return (n ? deep(n - 1) : 0) + frame[0]; }"


@pytest.mark.parametrize("board", [*AVR, *CORTEX_M, *RISC_V])
def test_a_crash_is_a_message(board: str):
    with pytest.raises(FirmwareFault, match=f"net on board '{board}': (fault at address|the firmware crashed)"):
        run(small(NULL_CALL), board)


@pytest.mark.parametrize("board", [*AVR, *CORTEX_M, *RISC_V])
def test_a_stack_that_runs_into_static_data(board: str):
    with pytest.raises(StackOverflow, match="stack overflow.*choose a larger board"):
        run(small("y[0] = deep(30000);", RECURSION), board)


def test_a_frame_larger_than_all_of_ram():
    with pytest.raises(StackOverflow, match="3004 bytes in use, there is room for 2038"):
        run(small("volatile char frame[3000]; frame[0] = x[0]; y[0] = frame[0];"), "uno")


@pytest.mark.parametrize("board", ["uno", "mega2560", "bluepill", *RISC_V])
def test_the_deepest_stack_is_measured(board: str):
    shallow = run(small("y[0] = deep(1);", RECURSION), board).measurement.stack_bytes
    deep = run(small("y[0] = deep(5);", RECURSION), board).measurement.stack_bytes
    assert shallow is not None and deep is not None
    assert 4 * 64 <= deep - shallow < 4 * 128


def test_a_model_that_does_not_return():
    model, x = small('for (;;) __asm__ volatile("");'), {"x": np.zeros((1, 4), np.int8)}
    with pytest.raises(FirmwareFault, match="did not return within 1000000 cycles"):
        AvrExecutor(model, load_board("uno"), cycle_limit=1_000_000).run(x)
    with pytest.raises(TooSlow, match="did not finish within 1 seconds"):
        CortexMExecutor(model, load_board("bluepill"), seconds=1).run(x)


UNALIGNED = "*(volatile int16_t *)(y + 1) = *(volatile int16_t *)(x + 1);"


def test_an_armv6_core_faults_on_unaligned_access_even_where_a_larger_core_stands_in():
    arena = "volatile uint8_t arena[20000];"
    np.testing.assert_array_equal(run(small(UNALIGNED), "bluepill").outputs["y"][1], [0, 5, 6, 0])
    for before in ("", arena):
        with pytest.raises(FirmwareFault, match="fault at address"):
            run(small(UNALIGNED + ("arena[0] = 1;" if before else ""), before), "metro-m0")


def test_a_stack_larger_than_the_small_machine_goes_to_the_next():
    body = "volatile char frame[18000]; frame[0] = x[0]; y[0] = frame[0];"
    result = run(small(body), "metro-m0")
    assert result.outputs["y"][:, 0].tolist() == [0, 4]
    assert result.measurement.stack_bytes is not None and result.measurement.stack_bytes >= 18000


def test_a_model_that_fits_the_board_but_no_machine():
    large = replace(load_board("bluepill"), ram_bytes=1 << 24)
    with pytest.raises(UserError, match=r"no machine that simulates it.*mps2-an385 \(4,194,304 bytes of RAM"):
        CortexMExecutor(small("arena[0] = 1;", "volatile uint8_t arena[5000000];"), large).run(
            {"x": np.zeros((1, 4), np.int8)}
        )


def test_a_board_without_a_simulator():
    with pytest.raises(UserError, match="board 'esp32'.*Espressif"):
        board_executor(matvec(), load_board("esp32"))


def test_the_host_reports_a_crash():
    with pytest.raises(FirmwareFault, match=r"net on the host: crashed \(SIGSEGV\)"):
        run(small("*(volatile int8_t *)8 = x[0];"), "host")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("static int8_t a[4]; volatile int i = 5 + x[0]; a[i] = 1; y[0] = a[0];", "index 5 out of bounds"),
        ("volatile int32_t v = INT32_MAX; y[0] = v + 1 + x[0];", "signed integer overflow"),
        ("y[0] = x[4];", "global-buffer-overflow"),
    ],
)
def test_the_host_with_sanitizers(body: str, message: str):
    x = {"x": np.zeros((1, 4), np.int8)}
    HostExecutor(small("y[0] = x[3];"), sanitize=True).run(x)
    with pytest.raises(FirmwareFault, match=message):
        HostExecutor(small(body), sanitize=True).run(x)


HLS = """#include <ap_int.h>
void net(const ap_int<8> a[3], const ap_uint<8> b[3], ap_int<16> y[3]) {
  for (int i = 0; i < 3; i++) {
#pragma HLS PIPELINE II=1
    ap_int<12> low = a[i] * b[i];
    y[i] = low;
  }
}
"""
HLS_TESTBENCH = """#include <ap_int.h>
#include <iostream>
void net(const ap_int<8> a[3], const ap_uint<8> b[3], ap_int<16> y[3]);
int main() {
  ap_int<8> a[3];
  ap_uint<8> b[3];
  ap_int<16> y[3];
  for (long v; std::cin >> v;) {
    a[0] = v;
    for (int i = 1; i < 3; i++) { std::cin >> v; a[i] = v; }
    for (int i = 0; i < 3; i++) { std::cin >> v; b[i] = v; }
    net(a, b, y);
    for (int i = 0; i < 3; i++) std::cout << (long)y[i] << ' ';
    std::cout << std::endl;
  }
}
"""
HLS_FILES = {"net.cpp": HLS, "net_tb.cpp": HLS_TESTBENCH}


def hls_inputs() -> dict[str, NDArray[Any]]:
    """Seven rows for the HLS function."""
    random = np.random.default_rng(4)
    return {
        "a": random.integers(-128, 128, (7, 3), dtype=np.int8),
        "b": random.integers(0, 256, (7, 1, 3), dtype=np.uint8),
    }


def test_hls_computes_in_its_own_widths():
    inputs, ports = hls_inputs(), (port("a", (3,)), port("b", (1, 3), 8, unsigned=True))
    result = HlsExecutor(HLS_FILES, ports, (port("y", (3,), 16),)).run(inputs)
    product = inputs["a"].astype(np.int64) * inputs["b"][:, 0]
    np.testing.assert_array_equal(result.outputs["y"], (product + 2048) % 4096 - 2048)


def test_hls_without_its_headers(monkeypatch: pytest.MonkeyPatch):
    def nothing_installed(name: str) -> None: ...

    monkeypatch.setattr("tinyml_opt.targets.executors.hls.find_spec", nothing_installed)
    ports = port("a", (3,)), port("b", (1, 3), 8, unsigned=True)
    with pytest.raises(ToolchainMissing, match="pip install --no-deps hls4ml"):
        HlsExecutor(HLS_FILES, ports, (port("y", (3,), 16),)).run(hls_inputs())
