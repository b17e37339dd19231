"""Write words as 16-bit samples at 8 kHz, with pauses between: python examples/words/say.py up down twice > FILE"""

from __future__ import annotations

import sys

import numpy as np
from sounds import BLOCK, BLOCKS, sound


def main(words: list[str]) -> None:
    """Write the samples to the standard output."""
    random = np.random.default_rng(3)
    parts = [random.normal(0, 0.01, BLOCKS * BLOCK)]
    for word in words:
        parts += [sound(word, random), random.normal(0, 0.01, BLOCKS * BLOCK)]
    samples = np.clip(np.concatenate(parts) * 32768, -32768, 32767)
    sys.stdout.buffer.write(samples.astype("<i2").tobytes())


if __name__ == "__main__":
    main(sys.argv[1:])
