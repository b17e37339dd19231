"""How property tests run: the same cases every time, or with `--hypothesis-profile=fuzz` many new ones."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("fuzz", deadline=None, max_examples=1000)
settings.load_profile("repeatable")
