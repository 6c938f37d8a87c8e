"""Waves of load as the page shows them: percentiles on one logarithmic scale, and what the generator could have done.

Rule: a wave that is void or failed says so before its figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports import wording
from reports.drawing import Decades
from reports.judgement import Tone
from reports.readings import PHASES
from reports.sections.crowd import LoadVerdict

if TYPE_CHECKING:
    from pathlib import Path

    from reports.model import Report
    from reports.sections.crowd import Load, LoadPhase, Percentiles

_TONES = {LoadVerdict.PASS: Tone.GOOD, LoadVerdict.FAIL: Tone.BAD, LoadVerdict.VOID: Tone.OPEN}
_SIGNS = {LoadVerdict.PASS: "✓", LoadVerdict.FAIL: "✕", LoadVerdict.VOID: "∅"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Percentiles of one kind with their places in per cent of the common scale."""

    name: str
    values: Percentiles
    p50: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One phase of load."""

    phase: LoadPhase
    hue: str  # the scenario's phase; empty: none of them
    tone: Tone
    sign: str
    origin: str  # bytes that left the origin, as multiples of the object
    rate: float | None  # bytes per second
    link: str  # the load generator's own page; empty where there is none
    spreads: tuple[Spread, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """All of them on one scale of time."""

    waves: tuple[Wave, ...]
    ticks: tuple[tuple[float, str], ...]


def waves(report: Report, run_directory: Path) -> Waves | None:
    """Return the waves of load; None where there was none."""
    if not report.load:
        return None
    scale = Decades.around(
        value
        for phase in report.load.phases
        for spread in (phase.first_byte, phase.read, phase.latency)
        if spread
        for value in (spread.p50, spread.p90, spread.p99, spread.max)
    )
    found = tuple(_wave(report.load, phase, scale, run_directory) for phase in report.load.phases)
    places = scale.ticks if scale else ()
    return Waves(waves=found, ticks=tuple((left, wording.power_of_ten_seconds(value)) for left, value in places))


def _wave(load: Load, phase: LoadPhase, scale: Decades | None, run_directory: Path) -> Wave:
    kinds = (("first byte", phase.first_byte), ("each read", phase.read), ("last byte", phase.latency))
    return Wave(
        phase=phase,
        hue=phase.name if phase.name in PHASES else "",
        tone=_TONES[phase.verdict],
        sign=_SIGNS[phase.verdict],
        origin=_origin(load, phase),
        rate=phase.bytes / phase.seconds if phase.bytes is not None and phase.seconds else None,
        link=phase.html if phase.html and (run_directory / phase.html).is_file() else "",
        spreads=tuple(_spread(name, values, scale) for name, values in kinds if values and scale),
    )


def _origin(load: Load, phase: LoadPhase) -> str:
    if phase.origin_bytes is None:
        return wording.NOT_MEASURED
    size = phase.object_bytes or load.object_bytes
    if not phase.origin_bytes or not size:
        return wording.size(phase.origin_bytes)
    return f"{wording.size(phase.origin_bytes)}, {wording.times(phase.origin_bytes / size)}"


def _spread(name: str, values: Percentiles, scale: Decades) -> Spread:
    place = scale.place
    return Spread(
        name=name,
        values=values,
        p50=place(values.p50),
        p90=place(values.p90),
        p99=place(values.p99),
        max=place(values.max),
    )
