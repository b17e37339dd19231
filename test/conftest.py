"""How tests run.

Property tests run the same cases every time, or with `--hypothesis-profile=fuzz` many new ones. A test that needs a
compiler or simulator that is not installed is skipped with its name; with TINYML_REQUIRE_TOOLCHAINS=1 it fails.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from tinyml_opt.targets.toolchain import ToolchainMissing

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("fuzz", deadline=None, max_examples=1000)
settings.load_profile("repeatable")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Turn a missing tool into a skip."""
    try:
        return (yield)
    except ToolchainMissing as error:
        if os.environ.get("TINYML_REQUIRE_TOOLCHAINS") == "1":
            raise
        pytest.skip(str(error))
