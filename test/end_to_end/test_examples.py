"""The examples that are programs run, and say what they are for."""

from __future__ import annotations

import re
import subprocess
import sys

from end_to_end.test_readme import ROOT


def printed(*arguments: str) -> str:
    """What a program of examples/ prints; it must end with exit code 0."""
    result = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_search_takes_the_largest_that_fits() -> None:
    lines = printed("examples/nas/search.py", "uno", "8").splitlines()
    macs: dict[bool, list[int]] = {}
    for line in lines[:-1]:
        (count,) = re.findall(r"([\d,]+) MACs", line)
        macs.setdefault(line.endswith(": fits"), []).append(int(count.replace(",", "")))
    assert set(macs) == {True, False}, "some candidates fit, some do not"
    assert lines[-1].startswith("taken: ") and lines[-1].endswith(f" {max(macs[True]):,} MACs")


def test_own_pass_stands_between_the_compiler_s() -> None:
    first, second = printed("examples/own_pass/plans.py").splitlines()
    assert int(first.split()[0]) > 0
    over, apart = (int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:bytes|without)", second))
    assert over < apart
