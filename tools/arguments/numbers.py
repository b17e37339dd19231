"""Numbers on the command line, and what is said of those that are none."""

from __future__ import annotations

import argparse
import math


def natural(text: str) -> int:
    """A command-line argument that may be 0."""
    return 0 if text == "0" else positive(text)


def positive(text: str) -> int:
    """A command-line argument that counts something."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def decibels(text: str) -> float:
    """A command-line argument that is a finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number


def percent(text: str) -> float:
    """A command-line argument that is a share of more than a half."""
    number = decibels(text)
    if not 50 < number <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 50 and at most 100")
    return number


def loss(text: str) -> float:
    """A command-line argument that is a percentage."""
    number = decibels(text)
    if not 0 <= number < 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not at least 0 and below 100")
    return number


def steps(text: str) -> float:
    """A command-line argument that measures a distance."""
    number = decibels(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is below 0")
    return number
