"""Blocks `pairs_4xP_Q`: products of Q quads whose weights are pairs, added to sums of four channels at P pixels.

A quad is four taps (`mcu.pair_block`): a word of weights for each channel, which is multiplied as it is and then taken
apart, and two words of data for each pixel, the first of them those of pairs.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..operation import Operation

CHANNELS = 4


def pairs_of_one() -> Iterator[Operation]:
    """One pixel: there are registers for the weights of four channels."""
    yield Operation("load_pair_next", ("x0", "x1", "x"), (8,))
    yield Operation("load_four_next", ("w0", "w1", "w2", "w3", "w"))
    for channel in range(CHANNELS):
        yield Operation("dual_multiply_add", (f"s0{channel}", f"w{channel}", "x1"))
        yield Operation("unpack_low", (f"w{channel}", f"w{channel}"))
        yield Operation("dual_multiply_add", (f"s0{channel}", f"w{channel}", "x0"))


def pairs_of_two() -> Iterator[Operation]:
    """Two pixels: weights of two channels at a time, for which the data come once more."""
    for pair in range(0, CHANNELS, 2):
        yield Operation("load_pair_next", ("w0", "w1", "w"), (8,))
        yield Operation("load_pair", ("x0", "x1", "x"), (8,))
        yield from products(pair)
        if pair == 0:
            yield Operation("load_pair", ("x0", "x1", "x"), (0,))
        else:
            yield Operation("load_pair_next", ("x0", "x1", "x"), (16,))
        for weight in range(2):
            yield Operation("unpack_low", (f"w{weight}", f"w{weight}"))
        yield from products(pair)


def products(pair: int) -> Iterator[Operation]:
    """Two channels at two pixels."""
    for weight in range(2):
        for pixel in range(2):
            yield Operation("dual_multiply_add", (f"s{pixel}{pair + weight}", f"w{weight}", f"x{pixel}"))
