"""Constants as banks: all words once, in order, in block RAMs of one row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.dialects.builtin import IntegerType

from tinyml_opt.dialects.dense import to_numpy
from tinyml_opt.lowering.loops_to_rtl.banks import banks_of, declare


@given(st.integers(1, 70_000), st.integers(1, 600))
def test_all_words_are_in_banks(words: int, bits: int):
    """All banks but the last have the same power of two of words, so that bits of an address choose one."""
    banks = banks_of(words, bits, 16384)
    assert sum(banks) == words
    assert all(n == banks[0] for n in banks[:-1]) and banks[-1] <= banks[0]
    assert len(banks) == 1 or banks[0] & (banks[0] - 1) == 0
    assert banks_of(words, bits, 0) == [words]


@pytest.mark.parametrize(
    "words, bits, banks",
    [
        (512, 512, [512]),
        (1280, 512, [1024, 256]),  # 29 and 15 blocks; as words of 36 bits in three rows 45, of 9 bits 57
        (4096, 8, [4096]),  # two blocks with words of four bits
        (65536, 8, [16384] * 4),
        (16384, 32, [4096] * 4),  # deeper ones would be 29 blocks in rows, not 32
        (5000, 8, [4096, 904]),
        (500, 8, [500]),  # tables
    ],
)
def test_banks(words: int, bits: int, banks: list[int]):
    assert banks_of(words, bits, 16384) == banks


def test_words_stay_in_order():
    values = np.arange(1280 * 4, dtype=np.int64).reshape(1280, 4) % 251 - 125
    banks = list(declare("w", values.astype(np.int8), IntegerType(8), 16384))
    assert [bank.sym_name.data for bank in banks] == ["w__bank0", "w__bank1"]
    stored = [to_numpy(bank.init) for bank in banks if bank.init is not None]
    np.testing.assert_array_equal(np.concatenate(stored), values)
