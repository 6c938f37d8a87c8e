"""The run from zero over its peak back to zero: step curves of what was in use, on one axis of time.

Rule: what is of one kind shares one scale, and a sample holds until the next one: nothing is known in between.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from reports import wording
from reports.drawing import ticks
from reports.readings import PHASES
from reports.sections.usage import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.model import Report
    from reports.sections.usage import Phase

Look = Callable[[Sample], int | None]
Told = Callable[[float], str]
Points = list[tuple[float, float]]

WIDTH = 1000  # of a panel's box
HEIGHT = 100
ROWS = 6  # of phases' names; more would push the curves off the screen
_HEAD = 6  # of a panel's box, above the highest point
_NAME_WIDTH = 1.1  # of one character of a phase's name, in per cent of a wide page's time axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One quantity over the run."""

    name: str
    peak: str  # with unit and moment
    last: str
    line: str  # path of the curve
    area: str  # path of the surface under it


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Curves of one kind on one scale."""

    name: str
    curves: tuple[Curve, ...]

    @property
    def told(self) -> str:
        """The panel in words."""
        return "; ".join(f"{curve.name}: peak {curve.peak}, at the end {curve.last}" for curve in self.curves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A phase's place on the time axis, in per cent."""

    name: str
    hue: str  # the scenario's phase that it belongs to; empty: none
    left: float
    width: float
    name_left: float  # its name's place: at its beginning, or where a name at the end of the axis still fits
    row: int | None  # of its name: names that would run into each other stand on rows of their own; None: no room
    room: float  # for its name, up to the next one on its row
    span: str  # in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment that the page points at."""

    left: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The run from zero to its peak and back."""

    panels: tuple[Panel, ...]
    bands: tuple[Band, ...]
    rows: int  # of names
    ticks: tuple[tuple[float, str], ...]  # place in per cent, seconds
    zero: Mark | None  # from here on the data plane uses nothing
    span: str


_PANELS: tuple[tuple[str, Told, tuple[tuple[str, Look], ...]], ...] = (
    ("Pods", wording.count, (("workers", lambda s: s.workers), ("applications", lambda s: s.applications))),
    ("Cached bytes", wording.size, (("on all nodes", lambda s: s.cached_bytes),)),
    ("Nodes with cache", wording.count, (("nodes", lambda s: s.nodes_with_cache),)),
    (
        "Control plane",
        wording.count,
        (("pods", lambda s: s.controllers), ("runtime controllers", lambda s: s.runtime_controllers)),
    ),
    (
        "Memory of processes",
        wording.size,
        (
            ("workers", lambda s: s.worker_memory_bytes),
            ("applications", lambda s: s.application_memory_bytes),
            ("control plane", lambda s: s.controller_memory_bytes),
        ),
    ),
)
# What runs say that do not tell whose pods and whose memory it was.
_WHOLE: dict[str, tuple[tuple[str, Look], ...]] = {
    "Pods": (("all", lambda s: s.pods),),
    "Memory of processes": (("all", lambda s: s.memory_bytes),),
}


def timeline(report: Report) -> Timeline | None:
    """Return the curves of the run; None where there is no sample."""
    if not report.timeline:
        return None
    end = max(report.timeline[-1].seconds, *(phase.end for phase in report.phases), 0.001)
    panels = (_panel(name, told, looks, report.timeline, end) for name, told, looks in _PANELS)
    bands = _bands(report.phases, end)
    return Timeline(
        panels=tuple(panel for panel in panels if panel.curves),
        bands=bands,
        rows=max((band.row + 1 for band in bands if band.row is not None), default=0),
        ticks=ticks(end),
        zero=_zero(report.timeline, end),
        span=wording.duration(end),
    )


def _panel(name: str, told: Told, looks: Sequence[tuple[str, Look]], samples: Sequence[Sample], end: float) -> Panel:
    found = [(title, points) for title, look in looks if (points := _points(samples, look))]
    if not found:
        found = [(title, points) for title, look in _WHOLE.get(name, ()) if (points := _points(samples, look))]
    highest = max((height for _, points in found for _, height in points), default=0.0) or 1.0
    curves = tuple(_curve(title, points, told, highest=highest, end=end) for title, points in found)
    return Panel(name=name, curves=curves)


def _points(samples: Sequence[Sample], look: Look) -> Points:
    return [(sample.seconds, float(seen)) for sample in samples if (seen := look(sample)) is not None]


def _curve(name: str, points: Points, told: Told, *, highest: float, end: float) -> Curve:
    when, peak = max(points, key=lambda point: point[1])

    def place(seconds: float, height: float) -> str:
        return f"{WIDTH * seconds / end:.1f} {HEIGHT - (HEIGHT - _HEAD) * height / highest:.1f}"

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


def _zero(samples: Sequence[Sample], end: float) -> Mark | None:
    """Return the first sample from which on no pod and no cached byte was seen; None where that did not happen."""
    used = [index for index, sample in enumerate(samples) if sample.pods or sample.cached_bytes]
    if not used or used[-1] + 1 == len(samples):
        return None
    seconds = samples[used[-1] + 1].seconds
    return Mark(left=round(100 * seconds / end, 2), text=f"zero from {wording.seconds(seconds)} on")


def _bands(phases: Sequence[Phase], end: float) -> tuple[Band, ...]:
    phases = sorted(phases, key=lambda phase: phase.start)
    widths = [_NAME_WIDTH * (len(phase.name) + 2) for phase in phases]
    starts = [100 * phase.start / end for phase in phases]
    lefts = [round(max(0.0, min(start, 100 - width)), 2) for start, width in zip(starts, widths, strict=True)]
    rows: list[int] = []
    ends: dict[int, float] = {}  # of the last name on each row
    for left, width in zip(lefts, widths, strict=True):
        row = next(number for number in range(len(phases)) if left >= ends.get(number, 0.0))
        ends[row] = left + width
        rows.append(row)
    return tuple(
        Band(
            name=phase.name,
            hue=next((word for word in re.split("[^a-z]+", phase.name) if word in PHASES), ""),
            left=round(starts[index], 2),
            name_left=lefts[index],
            width=round(100 * (phase.end - phase.start) / end, 2),
            row=rows[index] if rows[index] < ROWS else None,
            room=next((lefts[i] for i in range(index + 1, len(phases)) if rows[i] == rows[index]), 100.0)
            - lefts[index],
            span=f"{wording.seconds(phase.start)} to {wording.seconds(phase.end)}",
        )
        for index, phase in enumerate(phases)
    )
