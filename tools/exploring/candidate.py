"""A point of the design space: a model, a board, data and options, and the key under which its result is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ... import __version__
from ..api.model import Choices
from ..compiling.options import SearchOptions

MIXED = "mixed"
"""In place of a width: the search chooses one for each value and weight."""


@dataclass(frozen=True)
class Settings:
    """What a sweep varies. `loss` is what the search for mixed widths may lose, in percent of the rows."""

    bits: str = "8"
    loss: float | None = None
    scheme: str = "affine"
    arithmetic: str = "exact"
    method: str = "minmax"
    stream: bool = False
    ram: int | None = None
    input: str = "caller"
    packed: str = "auto"
    objective: str = "speed"

    def choices(self) -> Choices:
        """As the Python interface has them."""
        found: dict[str, Any] = asdict(self)
        bits, loss = found.pop("bits"), found.pop("loss")
        found["search"] = SearchOptions(loss=loss) if bits == MIXED else None
        found["bits"] = 8 if bits == MIXED else int(bits)
        return Choices(**found)

    def flags(self) -> str:
        """As the command line of `compile` has them, defaults left out."""
        names = {"method": "calibration"}
        parts = [f"--search --max-loss {self.loss:g}"] if self.bits == MIXED else [f"--bits {self.bits}"]
        for name, value in asdict(self).items():
            if name in ("bits", "loss") or value == getattr(DEFAULTS, name):
                continue
            parts.append("--stream" if value is True else f"--{names.get(name, name)} {value}")
        return " ".join(parts)


DEFAULTS = Settings()


@dataclass(frozen=True)
class Fixed:
    """What all candidates of a sweep share; sizes in bytes. `limit` is how many rows of the data count."""

    limit: int | None = None
    flash: int | None = None
    stack: int | None = None
    effort: int | None = None
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    dims: tuple[tuple[str, int], ...] = ()
    batch: int | None = None

    def choices(self) -> Choices:
        """As the Python interface has them."""
        found = Choices(flash=self.flash, stack=self.stack, batch=self.batch)
        found["shapes"], found["dims"] = dict(self.shapes), dict(self.dims)
        if self.effort is not None:
            found["effort"] = self.effort
        return found


@dataclass(frozen=True)
class Candidate:
    """One compilation to be measured. Paths are absolute: whoever computes it reads them."""

    model: Path
    board: str
    calibration: Path | None
    data: Path | None
    settings: Settings
    fixed: Fixed
    key: str


def candidate_key(sources: dict[str, str | None], settings: Settings, fixed: Fixed) -> str:
    """A SHA-256 of all that the result follows from; `sources` are digests of model, board, data and the program."""
    parts = {"version": __version__, "settings": asdict(settings), "fixed": asdict(fixed), **sources}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
