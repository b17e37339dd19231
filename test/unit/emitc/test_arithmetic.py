"""Every op of arith, at the edges of its type, compiled and run: host, AVR, Cortex-M and HLS give Python's integers."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.emitc import COMPILERS, assert_no_warning
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.parser import Parser

from tinyml_opt.lowering.loops_to_emitc.convert import ConvertLoopsToEmitcPass
from tinyml_opt.targets.board import load_board
from tinyml_opt.targets.c import print_c
from tinyml_opt.targets.executors.avr import AvrExecutor
from tinyml_opt.targets.executors.cortex_m import CortexMExecutor
from tinyml_opt.targets.executors.hls import HlsExecutor
from tinyml_opt.targets.executors.host import HostExecutor
from tinyml_opt.targets.executors.interface import Executor
from tinyml_opt.targets.firmware import GeneratedModel
from tinyml_opt.targets.header import print_header
from tinyml_opt.targets.hls import print_hls
from tinyml_opt.targets.hls_testbench import print_hls_testbench
from tinyml_opt.targets.ports import input_ports, output_ports
from tinyml_opt.targets.toolchain import ToolchainMissing
from tinyml_opt.tools.registry import DIALECTS, load


def signed(value: int, bits: int) -> int:
    """The number of `bits` bits in two's complement that is congruent to a value."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def unsigned(value: int, bits: int) -> int:
    """The number of `bits` bits that is congruent to a value."""
    return value & ((1 << bits) - 1)


def truncated(a: int, b: int) -> int:
    """a / b, rounded towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def fits(value: int, bits: int) -> bool:
    """True for a number that `bits` bits hold."""
    return signed(value, bits) == value


Meaning = Callable[[int, int, int], int]
Domain = Callable[[int, int, int], bool]


def always(a: int, b: int, n: int) -> bool:
    """The domain of all pairs."""
    return True


@dataclass(frozen=True)
class Case:
    """Ops from %x and %y to %r, all of type T; what they mean; the pairs for which they mean anything."""

    text: str
    meaning: Meaning
    domain: Domain = always


def unflowing(meaning: Callable[[int, int], int], op: str) -> Case:
    """An op that must not overflow."""
    return Case(f"%r = arith.{op} %x, %y : T", lambda a, b, n: meaning(a, b), lambda a, b, n: fits(meaning(a, b), n))


def dividing(meaning: Meaning, op: str) -> Case:
    """A division: not by zero, and not the one signed quotient that overflows."""
    signed_op = op.endswith("si")
    return Case(
        f"%r = arith.{op} %x, %y : T",
        meaning,
        lambda a, b, n: b != 0 and not (signed_op and b == -1 and not fits(-a, n)),
    )


def shifting(meaning: Meaning, text: str) -> Case:
    """A shift by %y."""
    return Case(text, meaning, lambda a, b, n: 0 <= b < n)


def compared(predicate: str, meaning: Domain) -> Case:
    """A comparison, as 0 or 1."""
    text = f"%c = arith.cmpi {predicate}, %x, %y : T\n%r = arith.extui %c : i1 to T"
    return Case(text, lambda a, b, n: int(meaning(a, b, n)))


SIMPLE = {
    "add": unflowing(lambda a, b: a + b, "addi"),
    "sub": unflowing(lambda a, b: a - b, "subi"),
    "mul": unflowing(lambda a, b: a * b, "muli"),
    "divsi": dividing(lambda a, b, n: truncated(a, b), "divsi"),
    "remsi": dividing(lambda a, b, n: a - truncated(a, b) * b, "remsi"),
    "floordivsi": dividing(lambda a, b, n: a // b, "floordivsi"),
    "ceildivsi": dividing(lambda a, b, n: -(-a // b), "ceildivsi"),
    "divui": dividing(lambda a, b, n: unsigned(a, n) // unsigned(b, n), "divui"),
    "remui": dividing(lambda a, b, n: unsigned(a, n) % unsigned(b, n), "remui"),
    "ceildivui": dividing(lambda a, b, n: -(-unsigned(a, n) // unsigned(b, n)), "ceildivui"),
    "and": Case("%r = arith.andi %x, %y : T", lambda a, b, n: a & b),
    "or": Case("%r = arith.ori %x, %y : T", lambda a, b, n: a | b),
    "xor": Case("%r = arith.xori %x, %y : T", lambda a, b, n: a ^ b),
    "shli": shifting(lambda a, b, n: a << b, "%r = arith.shli %x, %y : T"),
    "shrsi": shifting(lambda a, b, n: a >> b, "%r = arith.shrsi %x, %y : T"),
    "shrui": shifting(lambda a, b, n: unsigned(a, n) >> b, "%r = arith.shrui %x, %y : T"),
    "minsi": Case("%r = arith.minsi %x, %y : T", lambda a, b, n: min(a, b)),
    "maxsi": Case("%r = arith.maxsi %x, %y : T", lambda a, b, n: max(a, b)),
    "minui": Case("%r = arith.minui %x, %y : T", lambda a, b, n: min(unsigned(a, n), unsigned(b, n))),
    "maxui": Case("%r = arith.maxui %x, %y : T", lambda a, b, n: max(unsigned(a, n), unsigned(b, n))),
    "eq": compared("eq", lambda a, b, n: a == b),
    "ne": compared("ne", lambda a, b, n: a != b),
    "slt": compared("slt", lambda a, b, n: a < b),
    "sle": compared("sle", lambda a, b, n: a <= b),
    "sgt": compared("sgt", lambda a, b, n: a > b),
    "sge": compared("sge", lambda a, b, n: a >= b),
    "ult": compared("ult", lambda a, b, n: unsigned(a, n) < unsigned(b, n)),
    "ule": compared("ule", lambda a, b, n: unsigned(a, n) <= unsigned(b, n)),
    "ugt": compared("ugt", lambda a, b, n: unsigned(a, n) > unsigned(b, n)),
    "uge": compared("uge", lambda a, b, n: unsigned(a, n) >= unsigned(b, n)),
}

SIGN_OF_LOW_BITS = """
%s = arith.shli %x, %y : T
%r = arith.shrsi %s, %y : T
"""
ONE_SHIFTED = """
%one = arith.constant 1 : T
%r = arith.shli %one, %y : T
"""
CHOSEN_LITERALS = """
%one = arith.constant 1 : T
%three = arith.constant 3 : T
%c = arith.cmpi slt, %x, %y : T
%s = arith.select %c, %one, %three : T
%far = arith.constant FAR : T
%r = arith.shli %s, %far : T
"""
CONSTANTS = """
%least = arith.constant LEAST : T
%most = arith.constant MOST : T
%c = arith.cmpi sgt, %x, %least : T
%p = arith.andi %y, %most : T
%m = arith.ori %y, %least : T
%r = arith.select %c, %p, %m : T
"""
HALF_CONSTANT = """
%half = arith.constant HALF : T
%s = arith.subi %x, %half : T
%two = arith.constant 2 : T
%q = arith.divsi %s, %two : T
%r = arith.addi %q, %y : T
"""
CONDITIONS = """
%zero = arith.constant 0 : T
%a = arith.cmpi sgt, %x, %zero : T
%b = arith.cmpi slt, %y, %zero : T
%d = arith.cmpi slt, %a, %b : i1
%u = arith.cmpi ult, %a, %b : i1
%and = arith.andi %a, %b : i1
%or = arith.ori %d, %and : i1
%xor = arith.xori %or, %u : i1
%add = arith.addi %xor, %b : i1
%odd = arith.trunci %x : T to i1
%min = arith.minsi %add, %odd : i1
%r = arith.extsi %min : i1 to T
"""
NARROWED = """
%s = arith.trunci %x : T to i4
%t = arith.extui %s : i4 to T
%u = arith.trunci %y : T to i4
%v = arith.extsi %u : i4 to T
%r = arith.subi %t, %v : T
"""
HIGH_PRODUCT = """
%wx = arith.extsi %x : T to WIDE
%wy = arith.extsi %y : T to WIDE
%p = arith.muli %wx, %wy : WIDE
%far = arith.constant BITS : WIDE
%h = arith.shrsi %p, %far : WIDE
%r = arith.trunci %h : WIDE to T
"""
HIGH_UNSIGNED = """
%wx = arith.extui %x : T to WIDE
%wy = arith.extsi %y : T to WIDE
%s = arith.addi %wx, %wy : WIDE
%one = arith.constant 1 : WIDE
%h = arith.shrui %s, %one : WIDE
%r = arith.trunci %h : WIDE to T
"""


def conditions(x: int, y: int, n: int) -> int:
    """What CONDITIONS computes: as signed numbers conditions are 0 and -1, as unsigned 0 and 1."""
    a, b = x > 0, y < 0
    either = (-a < -b) or (a and b)
    different = either != (a < b)
    return min(-((different + b) % 2), -(x % 2))


MIXED = {
    "sign_of_low_bits": shifting(lambda a, b, n: signed(a << b, n) >> b, SIGN_OF_LOW_BITS),
    "one_shifted": shifting(lambda a, b, n: 1 << b, ONE_SHIFTED),
    "chosen_literals": Case(CHOSEN_LITERALS, lambda a, b, n: (1 if a < b else 3) << (n - 2)),
    "constants": Case(
        CONSTANTS, lambda a, b, n: b & ((1 << (n - 1)) - 1) if a > -(1 << (n - 1)) else b | -(1 << (n - 1))
    ),
    "half_constant": Case(
        HALF_CONSTANT,
        lambda a, b, n: truncated(a - (1 << (n - 2)), 2) + b,
        lambda a, b, n: fits(a - (1 << (n - 2)), n) and fits(truncated(a - (1 << (n - 2)), 2) + b, n),
    ),
    "conditions": Case(CONDITIONS, conditions),
}

NARROWING = {"narrowed": Case(NARROWED.replace("i4", "i8"), lambda a, b, n: unsigned(a, 8) - signed(b, 8))}
"""For types of more than 8 bits."""

WRAPPED = """
%s = arith.addi %x, %y : T
%p = arith.muli %s, %x : T
%one = arith.constant 1 : T
%r = arith.shrsi %p, %one : T
"""

WRAPPING = {"wrapped": Case(WRAPPED, lambda a, b, n: signed((a + b) * a, n) >> 1)}
"""For types narrower than any `int`: there even an overflow is what arith says."""

WIDENING = {
    "high_product": Case(HIGH_PRODUCT, lambda a, b, n: a * b >> n),
    "high_unsigned": Case(HIGH_UNSIGNED, lambda a, b, n: unsigned(unsigned(a, n) + b, 2 * n) >> 1),
}
"""For types that have one of twice the width."""


def cases_for(bits: int) -> dict[str, Case]:
    """The cases that a type of so many bits has."""
    cases = {**SIMPLE, **MIXED}
    if bits > 8:
        cases |= NARROWING
    if bits < 16:
        cases |= WRAPPING
    if bits <= 32:
        cases |= WIDENING
    return cases


def edges(bits: int) -> list[int]:
    """Numbers at which something may go wrong."""
    top = 1 << (bits - 1)
    near = [0, 1, 2, 3, 7, bits - 1, top - 1, top // 2, -1, -2, -3, -7, -top, -top + 1, -top // 2]
    return sorted({value for value in near if fits(value, bits)})


def pairs_of(case: Case, bits: int) -> list[tuple[int, int]]:
    """The pairs of edges in a case's domain."""
    return [(a, b) for a, b in itertools.product(edges(bits), repeat=2) if case.domain(a, b, bits)]


def instantiate(text: str, bits: int, number: int) -> str:
    """A case's ops on the element `number` of the arrays, with names of their own."""
    words = {"WIDE": f"i{2 * bits}", "BITS": bits, "FAR": bits - 2, "LEAST": -(1 << (bits - 1))}
    words |= {"MOST": (1 << (bits - 1)) - 1, "HALF": 1 << (bits - 2)}
    text = re.sub(r"\bT\b", f"i{bits}", text)
    for word, value in words.items():
        text = text.replace(word, str(value))
    array = f"memref<COUNTxi{bits}>"
    body = f"""
%n = arith.constant {number} : index
%x = memref.load %lhs[%n] : {array}
%y = memref.load %rhs[%n] : {array}
{text}
memref.store %r, %out[%n] : {array}
"""
    return re.sub(r"%(?!lhs|rhs|out)(\w+)", rf"%\1.{number}", body)


def module_text(bits: int) -> str:
    """One public function that computes all cases."""
    cases = list(cases_for(bits).values())
    body = "".join(instantiate(case.text, bits, number) for number, case in enumerate(cases))
    array, tensor = f"memref<{len(cases)}xi{bits}>", f"tensor<{len(cases)}xi{bits}>"
    ports = [f'#fixed.port<"{label}", {tensor}, permutation <0>>' for label in ("a", "b", "out")]
    return f"""
func.func @edges(%lhs: {array}, %rhs: {array}, %out: {array}) attributes {{
  fixed.inputs = [{ports[0]}, {ports[1]}], fixed.outputs = [{ports[2]}]
}} {{
{body.replace("COUNT", str(len(cases)))}
  func.return
}}
"""


def lower(bits: int, index_bits: int = 32, signless_ports: bool = False) -> tuple[ModuleOp, FuncOp]:
    """The module of a type, lowered; and its function as it was."""
    ctx = Context()
    for name, path in DIALECTS.items():
        ctx.register_dialect(name, lambda path=path: load(path))
    module = Parser(ctx, module_text(bits)).parse_module()
    function = module.clone().body.block.first_op
    assert isinstance(function, FuncOp)
    ConvertLoopsToEmitcPass(index_bits, signless_ports).apply(ctx, module)
    module.verify()
    return module, function


def executor(target: str, bits: int) -> Executor:
    """What runs the cases of a type."""
    if target == "hls":
        module, function = lower(bits, signless_ports=True)
        ports = input_ports(function), output_ports(function)
        return HlsExecutor({"net.cpp": print_hls(module), "net_tb.cpp": print_hls_testbench(module)}, *ports)
    module, function = lower(bits, index_bits=16 if target == "avr" else 32)
    ports = input_ports(function), output_ports(function)
    model = GeneratedModel("edges", print_c(module), print_header(module), *ports)
    match target:
        case "avr":
            return AvrExecutor(model, load_board("mega2560"))
        case "cortex-m":
            return CortexMExecutor(model, load_board("nano33ble"))
        case _:
            return HostExecutor(model, sanitize=True)


def missing(error: ToolchainMissing) -> None:
    """Skip, or fail where all toolchains are required."""
    if os.environ.get("TINYML_REQUIRE_TOOLCHAINS") == "1":
        pytest.fail(str(error))
    pytest.skip(str(error))


RUNS = {"host": (8, 16, 32, 64), "avr": (8, 16, 32, 64), "cortex-m": (16, 64), "hls": (8, 12, 32, 64)}


@pytest.mark.parametrize(("target", "bits"), [(target, bits) for target, widths in RUNS.items() for bits in widths])
def test_edges(target: str, bits: int):
    cases = cases_for(bits)
    pairs = [pairs_of(case, bits) for case in cases.values()]
    rows = max(map(len, pairs))
    table = np.array([[p[row % len(p)] for p in pairs] for row in range(rows)], np.int64)
    dtype = np.dtype(f"i{max(1, 1 << (bits - 1).bit_length() - 3)}")
    inputs = {"a": table[:, :, 0].astype(dtype), "b": table[:, :, 1].astype(dtype)}
    try:
        result = executor(target, bits).run(inputs).outputs["out"]
    except ToolchainMissing as error:
        missing(error)
        return
    for column, (name, case) in enumerate(cases.items()):
        for row, (a, b) in enumerate(pairs[column]):
            expected = signed(case.meaning(a, b, bits), bits)
            assert int(result[row, column]) == expected, f"{name}({a}, {b}) on i{bits}"


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_compiler_warns(compiler: str, bits: int, tmp_path: Path):
    module, _ = lower(bits, index_bits=16 if compiler == "avr-gcc" else 32)
    assert_no_warning(module, compiler, tmp_path, "-O2")
