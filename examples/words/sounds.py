"""Words of a whistled language, made up by formulas: a window of 48 blocks of 64 samples, 384 ms at 8 kHz.

"up" and "down" are tones that rise and fall, "twice" is a low tone twice; "nothing" is noise, a steady tone
or a word that is cut.
Loudness, pitch, start and length differ from row to row. A sample is an 8-bit number of 1/128.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
NAMES = ("nothing", "up", "down", "twice")
BLOCKS, BLOCK, RATE = 48, 64, 8000
SCALE = np.float32(1 / 128)


def tone(pitches: NDArray[np.float64], begin: int) -> NDArray[np.float64]:
    """A window with a tone in it that fades in and out, its pitch in Hz at each of its samples.

    It may begin before the window, and end behind it.
    """
    size, ends = BLOCKS * BLOCK, np.minimum(np.arange(len(pitches)), np.arange(len(pitches))[::-1])
    three = np.zeros(3 * size)
    three[size + begin :][: len(pitches)] = np.minimum(1, ends / 80) * np.sin(2 * np.pi * np.cumsum(pitches) / RATE)
    return three[size:][:size]


def word(kind: str, length: int, begin: int, random: np.random.Generator) -> NDArray[np.float64]:
    """A window with a word of so many samples in it."""
    low, high = random.uniform(350, 600), random.uniform(1400, 2200)
    if kind == "twice":
        part = np.full(length * 2 // 5, low)
        return tone(part, begin) + tone(part, begin + length * 3 // 5)
    return tone(np.geomspace(low, high, length) if kind == "up" else np.geomspace(high, low, length), begin)


def sound(kind: str, random: np.random.Generator) -> NDArray[np.float64]:
    """One window of a kind, from -1 to 1; a word that is cut is nothing."""
    size, length = BLOCKS * BLOCK, int(random.uniform(0.2, 0.28) * RATE)
    noise = random.normal(0, random.uniform(0, 0.04), size)
    loud = random.uniform(0.25, 0.9)
    if kind != "nothing":
        return noise + loud * word(kind, length, int(random.uniform(0, size - length)), random)
    inside = int(random.uniform(0, 0.6) * length)
    cut = word(NAMES[random.integers(1, 4)], length, random.choice([inside - length, size - inside]), random)
    steady = tone(np.full(size, random.uniform(80, 2400)), 0)
    others = (np.zeros(size), cut, cut, cut, steady)
    return noise + loud * others[random.integers(len(others))]


def sounds(count: int, seed: int) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    """So many windows (count, 1, BLOCKS, BLOCK), as many of each kind, and the number of each one's kind."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % len(NAMES)).astype(np.uint8)
    rows = np.stack([sound(NAMES[label], random) for label in labels])
    samples = np.clip(np.rint(rows / SCALE), -128, 127).astype(np.int8)
    return samples.reshape(count, 1, BLOCKS, BLOCK), labels


def save(name: str, x: NDArray[np.int8], y: NDArray[np.uint8]) -> None:
    """Write an .npz file as the tools take it: real = x * x_scale + x_offset."""
    np.savez_compressed(FOLDER / name, x=x, y=y, x_scale=SCALE, x_offset=np.float32(0))
