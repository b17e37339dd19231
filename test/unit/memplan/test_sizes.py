"""Sizes of buffers, and how messages list them."""

from __future__ import annotations

from tinyml_opt.dialects.memplan.sizes import LISTED, sizes_text


def test_few_buffers_are_all_named():
    assert sizes_text({"x": 1024, "y": 8}) == "x 1,024, y 8"
    assert sizes_text({}) == ""


def test_of_many_buffers_the_first_are_named():
    text = sizes_text({f"b{number}": 1000 for number in range(3000)})
    assert text.startswith("b0 1,000, b1 1,000, ")
    assert text.endswith(f", {3000 - LISTED:,} others {1000 * (3000 - LISTED):,}")
    assert text.count(" 1,000") == LISTED
