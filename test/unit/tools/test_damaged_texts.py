"""Damaged MLIR texts: some of those of `make fuzz`, each refused with a diagnostic, or taken."""

from __future__ import annotations

import pytest
from fuzz.mlir_corpus import texts
from fuzz.mlir_texts import FUZZER, content, damaged, joined, warm_up
from fuzz.pool import run_cases

CASES = 40


def test_damaged_texts_are_refused_or_taken(capfd: pytest.CaptureFixture[str]):
    warm_up()
    with capfd.disabled():  # the cases write into files that the pool opens
        outcomes = list(run_cases(FUZZER, range(CASES)))
    assert [f"seed {o.seed}: {o.verdict}\n{o.output}" for o in outcomes if o.failed] == []
    assert {outcome.verdict for outcome in outcomes} == {"ok", "refused"}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_always_makes_the_same_text(seed: int):
    assert content(seed) == content(seed) != content(seed + 2)
    assert damaged(seed)[0] in content(seed).decode()


def test_the_words_of_a_text_are_all_of_it():
    squeezed = {"".join(joined(text.words).split()) for text in texts()}
    assert len(texts()) > 100 and len(squeezed) > 100
    assert all(text.flags for text in texts() if "func.func" in text.words)
