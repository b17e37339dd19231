"""The estimate of code: what is counted, and the figures of every core."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.emitc import parse_text as parse

from tinyml_opt.targets.board import board_names, load_board
from tinyml_opt.targets.code_size import code_bytes, code_features
from tinyml_opt.targets.core import Core, core_name, core_of
from tinyml_opt.targets.static_data import arena_limit, static_data

PROGRAM = """
emitc.global static @arena : !emitc.array<13xi8> {mcu.alignment = 8 : i64}
emitc.global static @arena_dtcm : !emitc.array<3xi8> {mcu.alignment = 8 : i64}
emitc.global static @row : !emitc.array<1xi16> = dense<0>
emitc.global static const @w : !emitc.array<5xi8> = dense<1> {mcu.flash}
emitc.func @f(%x: !emitc.ptr<i8>, %y: !emitc.ptr<i32>) attributes {specifiers = ["static"]} {
  %zero = "emitc.constant"() <{value = 0 : i32}> : () -> i32
  %one = "emitc.constant"() <{value = 1 : i32}> : () -> i32
  %four = "emitc.constant"() <{value = 4 : i32}> : () -> i32
  %w = emitc.get_global @w : !emitc.array<5xi8>
  emitc.for %i = %zero to %four step %one : i32 {
    %j = emitc.expression %i : (i32) -> i32 {
      %four_again = "emitc.constant"() <{value = 4 : i32}> : () -> i32
      %j = emitc.mul %i, %four_again : (i32, i32) -> i32
      emitc.yield %j : i32
    }
    %from = emitc.subscript %x[%j] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
    %weight = emitc.subscript %w[%i] : (!emitc.array<5xi8>, i32) -> !emitc.lvalue<i8>
    %to = emitc.subscript %y[%i] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>
    %v = emitc.expression %from, %weight : (!emitc.lvalue<i8>, !emitc.lvalue<i8>) -> i32 {
      %a = emitc.load %from : <i8>
      %b = emitc.load %weight : <i8>
      %c = emitc.cast %a : i8 to i32
      %d = emitc.cast %b : i8 to i32
      %e = emitc.mul %c, %d : (i32, i32) -> i32
      emitc.yield %e : i32
    }
    emitc.assign %v : i32 to %to : <i32>
  }
  emitc.return
}
"""


GUARDED = """
emitc.func @f(%x: !emitc.ptr<i8>, %y: !emitc.ptr<i8>) attributes {specifiers = ["static"]} {
  %zero = "emitc.constant"() <{value = 0 : i32}> : () -> i32
  %one = "emitc.constant"() <{value = 1 : i32}> : () -> i32
  %four = "emitc.constant"() <{value = 4 : i32}> : () -> i32
  emitc.for %i = %zero to %four step %one : i32 {
    %c = emitc.expression %i : (i32) -> i1 {
      %n = "emitc.constant"() <{value = BOUND : i32}> : () -> i32
      %c = emitc.cmp lt, %i, %n : (i32, i32) -> i1
      emitc.yield %c : i1
    }
    emitc.if %c {
      %from = emitc.subscript %x[%i] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
      %to = emitc.subscript %y[%i] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
      %v = emitc.expression %from : (!emitc.lvalue<i8>) -> i8 {
        %v = emitc.load %from : <i8>
        emitc.yield %v : i8
      }
      emitc.assign %v : i8 to %to : <i8>
    } else {
      %to = emitc.subscript %y[%i] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
      %v = "emitc.constant"() <{value = 0 : i8}> : () -> i8
      emitc.assign %v : i8 to %to : <i8>
    }
  }
  emitc.return
}
"""

SUMS = """
emitc.func @f(%x: !emitc.ptr<i8>, %n: i32) attributes {specifiers = ["static"]} {
  %v = "emitc.constant"() <{value = 0 : i8}> : () -> i8
  %row = emitc.expression %n : (i32) -> i32 {
    %seven = "emitc.constant"() <{value = 7 : i32}> : () -> i32
    %row = emitc.mul %n, %seven : (i32, i32) -> i32
    emitc.yield %row : i32
  }
STORES
  emitc.return
}
"""

STORE = """
  %iNUMBER = emitc.expression %row : (i32) -> i32 {
    %far = "emitc.constant"() <{value = NUMBER : i32}> : () -> i32
    %i = emitc.add %row, %far : (i32, i32) -> i32
    emitc.yield %i : i32
  }
  %toNUMBER = emitc.subscript %x[%iNUMBER] : (!emitc.ptr<i8>, i32) -> !emitc.lvalue<i8>
  emitc.assign %v : i8 to %toNUMBER : <i8>
"""


def counted(text: str) -> dict[str, int]:
    """The features of a program."""
    return {name: count for name, count in code_features(parse(text)).items() if count}


def test_features():
    assert counted(PROGRAM) == {
        "function": 1,
        "argument": 2,
        "loop": 1,
        "load_8": 2,
        "pointer": 2,
        "pointer_beside": 1,
        "shift_index": 1,
        "extend_32": 2,
        "global": 1,
        "first_global": 1,
        "multiply_32": 1,
        "library_multiply_32": 1,
        "store_32": 1,
    }


def test_elements_at_constant_distances_share_an_address():
    one, three = (
        counted(SUMS.replace("STORES", "".join(STORE.replace("NUMBER", n) for n in ns))) for ns in ("1", "125")
    )
    assert one["scale_index"] == one["indexed"] == 1
    assert three == {**one, "store_8": 3}


def test_a_condition_that_bounds_decide_is_not_asked():
    asked, held, failed = (counted(GUARDED.replace("BOUND", bound)) for bound in "240")
    assert asked["branch"] == asked["compare_32"] == 1 and asked["load_8"] == 1 and asked["store_8"] == 2
    assert held["load_8"] == held["store_8"] == failed["store_8"] == 1 and "load_8" not in failed
    assert not {"branch", "compare_32"} & {*held, *failed}


def test_a_condition_that_is_known_is_not_asked_again():
    start, end = GUARDED.index("    emitc.if"), GUARDED.index("  emitc.return")
    branch = GUARDED[start : end - 4]
    again = branch.replace("%from", "%from2").replace("%to", "%to2").replace("%v", "%v2")
    beside, inside = (
        counted(text.replace("BOUND", "2"))
        for text in (
            GUARDED.replace(branch, branch + again),
            GUARDED.replace("    } else {", again + "    } else {", 1),
        )
    )
    assert beside["branch"] == beside["branch_again"] == 1 and beside["pointer"] == 2 and beside["store_8"] == 4
    assert inside["branch"] == 1 and "branch_again" not in inside and inside["store_8"] == 3


def test_what_has_no_price_is_free():
    prices = {"load_8": 1.5, "loop": 10.0, "library_multiply_32": 40.0, "divide_32": 7.0}
    core = Core("c", "", "", 4, False, prices, cycles={})
    assert code_bytes(parse(PROGRAM), core) == 2 * 1.5 + 10 + 40


def test_static_data_as_the_linker_lays_them_out():
    data = static_data(parse(PROGRAM), load_board("stm32f746"))
    # 13 bytes of arena, 3 of padding, 3 of the other arena, 1 of padding, 2 of the row's number.
    assert (data.ram, data.ram_padding, data.constants) == (18, 4, 8)


def test_where_the_assembler_pads_the_ends_have_the_alignment_too():
    data = static_data(parse(PROGRAM.replace("mcu.alignment = 8", "mcu.alignment = 2")), load_board("uno"))
    assert (data.ram, data.ram_padding, data.constants) == (18, 2, 5)


def test_where_arrays_have_no_alignment_there_is_no_padding():
    data = static_data(parse(PROGRAM.replace("mcu.alignment = 8", "mcu.alignment = 1")), load_board("uno"))
    assert (data.ram, data.ram_padding, data.constants) == (18, 0, 5)


def test_arenas_get_what_stack_and_caller_leave():
    assert arena_limit(load_board("metro-m0"), None, 75, 0) == 32768 - 1024 - 75
    assert arena_limit(load_board("metro-m0"), 1000, 75, 0) == 1000 - 75


def test_an_arena_that_is_padded_gets_a_multiple_of_its_alignment():
    assert arena_limit(load_board("uno"), None, 75, 2) == (2048 - 128 - 75 - 2) // 4 * 4


def test_what_lies_behind_an_arena_begins_at_its_alignment():
    assert arena_limit(load_board("metro-m0"), 1000, 75, 2) == (1000 - 75 - 2) // 4 * 4


@pytest.mark.parametrize("name", board_names())
def test_every_board_has_prices(name: str):
    core = core_of(load_board(name))
    assert 20 < code_bytes(parse(PROGRAM), core) < 300
    assert all(price > 0 for price in core.code_bytes.values())


def test_a_core_without_a_file_has_a_stand_in_of_its_width():
    assert core_name(load_board("metro-m0")) == core_of(load_board("metro-m0")).name == "cortex-m0plus"
    assert core_of(replace(load_board("metro-m0"), core="../boards/uno")).name == "cortex-m3"
    assert core_of(replace(load_board("uno"), core="AVR tiny")).name == "avr"
