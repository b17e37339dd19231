"""What SeeDot and Shiftry reach on an ATmega328P: the figures that `bench-uno` shows beside ours.

Gopinath et al., "Compiling KB-sized machine learning models to tiny IoT devices" (PLDI 2019); Kumar et al., "Shiftry:
RNN inference in 2KB of RAM" (OOPSLA 2020). Measured with EdgeML at commit 81025fce on its models of the data set USPS,
8 and 16 bits by its own search on 2,000 rows; 2,007 test rows on the host, avr-gcc 5.4 -O2 and simavr. The index arrays
of the sparse matrices, which the AVR code as it is shipped reads as bytes where they are words, are declared as bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """Rows of the test set that are right; bytes of parameters and indices, of stack and of .text; mean cycles.

    The stack holds all buffers. Its .text has one input row and a small harness.
    """

    right: int
    parameters: int
    ram: int
    flash: int
    cycles: int


SEEDOT = {
    "fastgrnn_usps10": Published(1853, 1930, 1074, 6372, 4_590_734),
    "bonsai_usps10": Published(1835, 3227, 526, 9750, 196_918),
    "protonn_usps10": Published(1818, 2578, 104, 4716, 130_603),
}
"""By the name of the model's folder; those of other models with the same name have another test set."""

TEST_ROWS = 2007
"""Rows of the test set of these figures."""
