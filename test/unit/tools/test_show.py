"""Tables where there is no terminal: in files and pipes."""

from __future__ import annotations

import pytest

from tinyml_opt.tools.show import MOST_WIDTH, WIDTH, print_table


@pytest.mark.parametrize(("columns", "folded"), [(10, False), (16, False), (40, True)])
def test_tables_of_numbers_are_folded_late(columns: int, folded: bool, capsys: pytest.CaptureFixture[str]):
    """Each number stands in one line, as long as a line is not longer than an editor shows."""
    print_table("figures", [f"n{n}" for n in range(columns)], [[123_456_789] * columns])
    lines = capsys.readouterr().out.splitlines()
    assert ("123,456,789" in lines[4]) != folded
    assert max(map(len, lines)) <= (WIDTH if folded else MOST_WIDTH)
