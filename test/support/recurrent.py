"""Recurrent models at the level `fixed`: states, directions, stacks, loops in loops, layers around and in loops."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from support.scans import Text


def rnn(rounds: int, reverse: bool = False) -> str:
    """`h = mix(W x_t, U h)`, then a layer on the last state."""
    text = Text()
    x, start = text.name((rounds, 3), "x"), text.constant((4,), fill=5)
    scan = text.begin(rounds, [start], [(x, 0, reverse)])
    new = text.mix([text.linear(scan.slices[0], 4, "xw"), text.linear(scan.states[0], 4, "hu")], "h")
    (last,) = scan.end([new])
    return text.module([x], [text.linear(last, 2, "fc")])


def gru(rounds: int) -> str:
    """The old state is read with a gate of the same round, and again for the new one; the sequence is kept."""
    text = Text()
    x, start = text.name((1, rounds, 3), "x"), text.constant((1, 4))
    scan = text.begin(rounds, [start], [(x, 1, False)])
    gate = text.mix([text.linear(scan.slices[0], 4, "zx"), text.linear(scan.states[0], 4, "zh")], "z")
    other = text.mix(
        [text.linear(scan.slices[0], 4, "nx"), text.linear(text.mix([gate, scan.states[0]], "r"), 4, "nh")], "n"
    )
    new = text.mix([gate, other, scan.states[0]], "h")
    last, ys = scan.end([new], [(new, 0, False)], "gru")
    return text.module([x], [last, ys])


def lstm(rounds: int, in_order: bool = False) -> str:
    """Two states, one of which is stacked; a third that only hands on the second of the round before."""
    text = Text()
    x = text.name((rounds, 3), "x")
    scan = text.begin(rounds, [text.constant((4,)), text.constant((4,)), text.constant((4,))], [(x, 0, False)])
    h, c, before = scan.states
    new_c = text.mix([c, text.linear(scan.slices[0], 4, "i"), text.linear(h, 4, "f")], "c")
    new_h = text.mix([new_c, before], "h")
    last = scan.end([new_h, new_c, c], [(new_h, 0 if in_order else 1, not in_order), (new_c, 0, False)], "lstm")
    return text.module([x], last)


def swapped(rounds: int) -> str:
    """Two states that change places, and one that stays."""
    text = Text()
    x = text.name((rounds, 4), "x")
    scan = text.begin(rounds, [text.constant((4,)), text.constant((4,)), text.constant((4,))], [(x, 0, False)])
    a, b, c = scan.states
    return text.module([x], scan.end([b, a, c], [(text.mix([a, b, c, scan.slices[0]], "y"), 0, False)]))


def bidirectional(rounds: int) -> str:
    """Two scans, one of them from the end; what both stack lies side by side, and a third scan reads it."""
    text = Text()
    x, stacks = text.name((1, rounds, 3), "x"), list[str]()
    for name, reverse in (("forth", False), ("back", True)):
        scan = text.begin(rounds, [text.constant((1, 4), fill=0)], [(x, 1, reverse)])
        new = text.mix([text.linear(scan.slices[0], 4, f"{name}_x"), text.linear(scan.states[0], 4, f"{name}_h")], name)
        stacks.append(scan.end([new], [(new, 1, reverse)], f"{name}_scan")[1])
    both = text.concat(stacks, 2)
    scan = text.begin(rounds, [text.constant((1, 2))], [(both, 1, True)])
    new = text.mix([text.linear(scan.slices[0], 2, "top"), scan.states[0]], "t")
    return text.module([x], [both, scan.end([new], node="top_scan")[0]])


def two_layers(rounds: int) -> str:
    """A recurrent layer on the states of another; the second one's last state is all that is wanted."""
    text = Text()
    below = text.name((1, rounds, 3), "x")
    inputs = [below]
    for layer in ("one", "two"):
        scan = text.begin(rounds, [text.constant((1, 4))], [(below, 1, False)])
        new = text.mix(
            [text.linear(scan.slices[0], 4, f"{layer}_x"), text.linear(scan.states[0], 4, f"{layer}_h")], layer
        )
        last, below = scan.end([new], [(new, 1, False)], f"{layer}_scan")
    return text.module(inputs, [text.linear(last, 2, "fc")])


def nested(rounds: int) -> str:
    """A loop over columns in a loop over rows; the inner one uses a state of the outer, both stack."""
    text = Text()
    x, start = text.name((rounds, 5, 3), "x"), text.constant((4,))
    outer = text.begin(rounds, [start], [(x, 0, True)])
    inner = text.begin(5, [text.constant((4,))], [(outer.slices[0], 0, False)])
    new = text.mix([text.linear(inner.slices[0], 4, "ix"), inner.states[0], outer.states[0]], "ih")
    last, row = inner.end([new], [(new, 0, True)], "columns")
    kept = text.mix([text.linear(last, 4, "oh"), outer.states[0]], "o")
    return text.module([x], outer.end([kept], [(row, 1, False)], "rows"))


def delayed(rounds: int) -> str:
    """A delay line as state: the last four slices, shifted by a slice and a concatenation; scanned along columns."""
    text = Text()
    x, outside = text.name((3, rounds), "x"), text.name((4, 3), "x")
    scan = text.begin(rounds, [text.constant((4, 3), fill=1)], [(x, 1, False)])
    line = text.concat([text.slice(scan.states[0], (1, 0), (3, 3)), text.reshape(scan.slices[0], (1, 3))], 0)
    y = text.linear(text.reshape(text.mix([line, outside], "sum"), (12,)), 2, "fir")
    last, ys = scan.end([line], [(text.concat([y, text.linear(scan.slices[0], 1, "now")], 0), 0, False)])
    return text.module([x, outside], [ys, last])


def layers(rounds: int) -> str:
    """Convolutions before a loop, in it, on its state, and after it."""
    text = Text()
    x = text.name((1, rounds, 4, 2), "x")
    features = text.conv(text.conv(x, 3, "conv1"), 2, "conv2")
    scan = text.begin(rounds, [text.constant((1, 4, 4, 2), fill=0)], [(features, 1, False)])
    row = text.reshape(scan.slices[0], (1, 1, 4, 2))
    image = text.concat([text.slice(scan.states[0], (0, 1, 0, 0), (1, 3, 4, 2)), row], 1)
    new = text.mix([text.conv(image, 2, "in_loop"), image], "new")
    last, ys = scan.end([new], [(text.reshape(text.conv(row, 2, "row_conv"), (1, 4, 2)), 1, False)])
    return text.module([x], [text.conv(ys, 3, "after"), last])


def generator(rounds: int) -> str:
    """No scanned input: a state from the input, its values as the output."""
    text = Text()
    x = text.name((4,), "x")
    scan = text.begin(rounds, [text.mix([x], "start")], [])
    new = text.linear(scan.states[0], 4, "next")
    return text.module([x], [scan.end([new], [(scan.states[0], 0, False)])[1]])


MODELS: dict[str, Callable[[int], str]] = {
    "rnn": rnn,
    "gru": gru,
    "lstm": lstm,
    "lstm_in_order": partial(lstm, in_order=True),
    "swapped": swapped,
    "bidirectional": bidirectional,
    "two_layers": two_layers,
    "nested": nested,
    "delayed": delayed,
    "layers": layers,
    "generator": generator,
}
