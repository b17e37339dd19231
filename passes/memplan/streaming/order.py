"""The order of the slices of a stream: each when the first later task needs it."""

from __future__ import annotations

from collections.abc import Sequence

Needs = Sequence[tuple[int, list[int]]]
"""For each earlier task that a task waits for: how many of its slices each slice of the task needs."""


def on_demand(slices: Sequence[int], first: int, requires: Sequence[Needs]) -> list[tuple[int, int]]:
    """The slices of tasks numbered from `first`, each as late as the tasks after it allow; then those nobody needs.

    `slices` counts those of each task.
    """
    done = [0] * len(slices)
    order: list[tuple[int, int]] = []
    inner = [[(writer - first, counts) for writer, counts in needs if writer >= first] for needs in requires]

    def demand(task: int, count: int) -> None:
        """Append what is missing of the first `count` slices of a task, each after the slices that it needs."""
        waiting = [(task, count)]
        while waiting:
            task, count = waiting[-1]
            value = done[task]
            if value >= count:
                waiting.pop()
                continue
            for writer, counts in inner[task]:
                if done[writer] < counts[value]:
                    waiting.append((writer, counts[value]))
                    break
            else:
                order.append((first + task, value))
                done[task] += 1

    needed = {writer for needs in inner for writer, _ in needs}
    sinks = [task for task in range(len(slices)) if task not in needed]
    longest = max(slices)
    for step in range(1, longest + 1):
        for sink in sinks:
            demand(sink, -(-step * slices[sink] // longest))
    for task, count in enumerate(slices):
        demand(task, count)
    return order
