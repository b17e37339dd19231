"""Motions of a hand as an accelerometer on the wrist gives them, made up by formulas: rows of 32 samples at 25 Hz.

A sample is three accelerations of 1/64 g in 8 bits, gravity included. Strength, speed, start and the tilt of the wrist
differ from row to row, and there is noise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
NAMES = ("rest", "circle", "shake", "knock", "turn")
STEPS, AXES = 32, 3
SCALE = np.float32(1 / 64)
"""Of a number in a file, in g."""


def motion(kind: str, random: np.random.Generator) -> NDArray[np.float64]:
    """One row of a kind, in g: shape (STEPS, AXES)."""
    t = np.arange(STEPS) / 25
    phase, strength = random.uniform(0, 2 * np.pi), random.uniform(0.4, 0.9)
    angle = 2 * np.pi * random.uniform(1.2, 2.2) * t + phase
    still = np.zeros(STEPS)
    moves = {
        "rest": (still, still, still),
        "circle": (strength * np.cos(angle), strength * np.sin(angle), still),
        "shake": (strength * np.sign(np.sin(3 * angle)) * 0.9, still, still),
        "knock": (still, still, sum(strength * 1.2 * np.exp(-(((t - at) / 0.05) ** 2)) for at in knocks(random))),
        "turn": (still, still, still),
    }
    tilt = random.uniform(-0.4, 0.4) + (np.clip(2 * t - 0.5, 0, 1) * 1.4 if kind == "turn" else 0)
    gravity = np.stack([still, np.sin(tilt) + still, np.cos(tilt) + still], axis=1)
    return np.stack(moves[kind], axis=1) + gravity + random.normal(0, 0.06, (STEPS, AXES))


def knocks(random: np.random.Generator) -> list[float]:
    """When someone knocks twice, in seconds."""
    first = random.uniform(0.1, 0.6)
    return [first, first + random.uniform(0.25, 0.4)]


def motions(count: int, seed: int) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    """So many rows, as many of each kind, and the number of each row's kind."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % len(NAMES)).astype(np.uint8)
    rows = np.stack([motion(NAMES[label], random) for label in labels])
    return np.clip(np.rint(rows / SCALE), -128, 127).astype(np.int8), labels


def save(name: str, x: NDArray[np.int8], y: NDArray[np.uint8]) -> None:
    """Write an .npz file as the tools take it: real = x * x_scale + x_offset."""
    np.savez_compressed(FOLDER / name, x=x, y=y, x_scale=SCALE, x_offset=np.float32(0))
