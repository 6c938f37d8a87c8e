"""Geometry of the page's drawings, in units of a box that the page stretches to its width.

Rule: a drawing repeats what a table beside it says in figures; where nothing was measured nothing is drawn, and what
is compared stands on one scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_STEPS = (1, 2, 5)
_TICKS = 8  # at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar in per cent of the longest, with a mark where it was predicted to end."""

    length: float | None
    mark: float | None


def bars(values: Sequence[float | None], marks: Sequence[float | None]) -> tuple[Bar, ...]:
    """Return bars on one common scale that begins at zero."""
    share = scale((*values, *marks))
    return tuple(Bar(length=share(value), mark=share(mark)) for value, mark in zip(values, marks, strict=True))


def scale(values: Iterable[float | None]) -> Callable[[float | None], float | None]:
    """Return what turns a value into per cent of the greatest; what was not measured stays None."""
    longest = max((value for value in values if value is not None), default=0.0)

    def share(value: float | None) -> float | None:
        return None if value is None or not longest else round(100 * value / longest, 2)

    return share


def ticks(end: float) -> tuple[tuple[float, str], ...]:
    """Return round numbers from 0 to `end` with their places in per cent."""
    step = next(
        step for power in range(-4, 12) for step in (first * 10.0**power for first in _STEPS) if end / step <= _TICKS
    )
    number = int(end / step)
    return tuple((round(100 * index * step / end, 2), f"{index * step:g}") for index in range(number + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decades:
    """A logarithmic scale from one power of ten to another, in per cent."""

    first: int  # power of ten
    last: int

    @classmethod
    def around(cls, values: Iterable[float]) -> Decades | None:
        """Return the least scale that holds all values; None where there is none above zero."""
        above = [value for value in values if value > 0]
        if not above:
            return None
        first, last = math.floor(math.log10(min(above))), math.ceil(math.log10(max(above)))
        return cls(first=first, last=max(last, first + 1))

    def place(self, value: float) -> float:
        """Return a value's place; what is zero stands at the left end."""
        if value <= 0:
            return 0.0
        return round(100 * (math.log10(value) - self.first) / (self.last - self.first), 2)

    @property
    def ticks(self) -> tuple[tuple[float, float], ...]:
        """Each power of ten with its place."""
        return tuple((self.place(10.0**power), 10.0**power) for power in range(self.first, self.last + 1))
