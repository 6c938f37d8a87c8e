"""Geometry of the page's drawings: bars and step curves, in units of a box that the page stretches to its width.

Rule: a drawing repeats what a table beside it says in figures; where nothing was measured nothing is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from reports import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.model import Phase, Report, Sample

WIDTH = 1000  # of a curve's box
HEIGHT = 100
_STEPS = (1, 2, 5)
_TICKS = 8  # at most
_NAME_WIDTH = 1.1  # of one character of a phase's name, in per cent of a wide page's time axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar in per cent of the longest, with a mark where it was predicted to end."""

    length: float | None
    mark: float | None


def bars(values: Sequence[float | None], marks: Sequence[float | None]) -> tuple[Bar, ...]:
    """Return bars on one common scale that begins at zero."""
    longest = max((value for value in (*values, *marks) if value is not None), default=0.0)

    def share(value: float | None) -> float | None:
        return None if value is None or not longest else round(100 * value / longest, 2)

    return tuple(Bar(length=share(value), mark=share(mark)) for value, mark in zip(values, marks, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One quantity over the run."""

    name: str
    peak: str  # with unit and moment
    last: str
    line: str  # path of the curve
    area: str  # path of the surface under it


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A phase's place on the time axis, in per cent."""

    name: str
    left: float
    width: float
    row: int  # of its name: names that would run into each other stand on rows of their own
    room: float  # for its name, up to the next one on its row
    span: str  # in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The run from zero to its peak and back."""

    curves: tuple[Curve, ...]
    bands: tuple[Band, ...]
    ticks: tuple[tuple[float, str], ...]  # place in per cent, seconds
    span: str


def timeline(report: Report) -> Timeline | None:
    """Return the curves of the run; None where there is no sample."""
    if not report.timeline:
        return None
    end = max(report.timeline[-1].seconds, *(phase.end for phase in report.phases), 0.001)
    quantities: tuple[tuple[str, Callable[[Sample], int | None], Callable[[float], str]], ...] = (
        ("Pods", lambda sample: sample.pods, wording.count),
        ("Cached bytes", lambda sample: sample.cached_bytes, wording.size),
        ("Nodes with cache", lambda sample: sample.nodes_with_cache, wording.count),
        ("Memory of processes", lambda sample: sample.memory_bytes, wording.size),
    )
    curves = (_curve(name, report.timeline, value, told, end) for name, value, told in quantities)
    return Timeline(
        curves=tuple(curve for curve in curves if curve),
        bands=_bands(report.phases, end),
        ticks=_ticks(end),
        span=wording.duration(end),
    )


def _curve(
    name: str,
    samples: Sequence[Sample],
    value: Callable[[Sample], int | None],
    told: Callable[[float], str],
    end: float,
) -> Curve | None:
    points = [(sample.seconds, float(seen)) for sample in samples if (seen := value(sample)) is not None]
    if not points:
        return None
    when, peak = max(points, key=lambda point: point[1])

    def place(seconds: float, height: float) -> str:
        return f"{WIDTH * seconds / end:.1f} {HEIGHT - (HEIGHT - 4) * height / (peak or 1):.1f}"

    # A sample holds until the next one: steps, not slopes, since nothing is known of what lies between.
    corners = [place(*points[0])]
    for (_, before), (seconds, after) in pairwise(points):
        if after != before:
            corners += [place(seconds, before), place(seconds, after)]
    corners.append(place(*points[-1]))
    first, last = place(points[0][0], 0), place(points[-1][0], 0)
    return Curve(
        name=name,
        peak=f"{told(peak)} at {wording.seconds(when)}" if peak else told(0),
        last=told(points[-1][1]),
        line="M" + " L".join(corners),
        area=f"M{first} L" + " L".join(corners) + f" L{last} Z",
    )


def _bands(phases: Sequence[Phase], end: float) -> tuple[Band, ...]:
    phases = sorted(phases, key=lambda phase: phase.start)
    lefts = [round(100 * phase.start / end, 2) for phase in phases]
    rows: list[int] = []
    ends: dict[int, float] = {}  # of the last name on each row
    for phase, left in zip(phases, lefts, strict=True):
        row = next(number for number in range(len(phases)) if left >= ends.get(number, 0.0))
        ends[row] = left + _NAME_WIDTH * (len(phase.name) + 1)
        rows.append(row)
    return tuple(
        Band(
            name=phase.name,
            left=lefts[index],
            width=round(100 * (phase.end - phase.start) / end, 2),
            row=rows[index],
            room=next((lefts[i] for i in range(index + 1, len(phases)) if rows[i] == rows[index]), 100.0)
            - lefts[index],
            span=f"{wording.seconds(phase.start)} to {wording.seconds(phase.end)}",
        )
        for index, phase in enumerate(phases)
    )


def _ticks(end: float) -> tuple[tuple[float, str], ...]:
    step = next(
        step for power in range(-4, 12) for step in (first * 10.0**power for first in _STEPS) if end / step <= _TICKS
    )
    number = int(end / step)
    return tuple((round(100 * index * step / end, 2), f"{index * step:g}") for index in range(number + 1))
