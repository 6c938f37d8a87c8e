"""The scenario's three readings and the three figures that people want first.

Rule: a phase that does not show what it claims by origin bytes proves nothing, and no figure is made of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports import wording
from reports.judgement import Tone
from reports.model import Level, Measurement, Ratio, Report, Sample, Scenario, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

PHASES = ("direct", "cold", "warm")
RELEASE_ROWS = ("FLUID-REL-", "FLUID-ZERO-", "FLUID-DEL-")
SPEED_UP = "warm/direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One phase of the scenario: what it took, what it cost the origin, and whether that proves the phase."""

    phase: str
    seconds: float | None
    origin_bytes: int | None
    object_bytes: int | None
    expected_times: int | None  # how often the object's bytes must leave the origin
    predicted_seconds: float | None
    formula: str  # of the prediction, with this run's figures
    problem: str  # why nothing may be made of it; empty when it is proven

    @property
    def proven(self) -> bool:
        """Whether origin bytes and samples show that this was the phase it claims to be."""
        return not self.problem

    @property
    def origin_times(self) -> float | None:
        """How often the object's bytes left the origin."""
        if self.origin_bytes is None or not self.object_bytes:
            return None
        return self.origin_bytes / self.object_bytes

    @property
    def origin_expected(self) -> str:
        """How the origin bytes compare with what the phase must cost."""
        if self.origin_bytes is None or self.object_bytes is None or self.expected_times is None:
            return ""
        extra = self.origin_bytes - self.expected_times * self.object_bytes
        times = f"{self.expected_times}×" if self.expected_times else "0"
        if extra == 0:
            return f"exactly {times}"
        return f"{wording.exact_bytes(abs(extra))} {'more' if extra > 0 else 'less'} than {times}"

    @property
    def exact(self) -> bool:
        """Whether the origin gave exactly the bytes that the phase must cost."""
        return self.origin_expected.startswith("exactly")


def readings(report: Report) -> tuple[Reading, ...]:
    """Return direct, cold and warm, whether they were measured or not."""
    return tuple(_reading(report.scenario, report.measurement(phase), phase) for phase in PHASES)


def _reading(scenario: Scenario | None, measured: Measurement | None, phase: str) -> Reading:
    expected = _expected_times(scenario, phase)
    usable = measured is not None and measured.samples > 0
    return Reading(
        phase=phase,
        seconds=measured.seconds if measured and usable else None,
        origin_bytes=measured.origin_bytes if measured else None,
        object_bytes=scenario.object_bytes if scenario else None,
        expected_times=expected,
        predicted_seconds=_predicted(scenario, phase),
        formula=_formula(scenario, phase),
        problem=_problem(scenario, measured, phase),
    )


def _expected_times(scenario: Scenario | None, phase: str) -> int | None:
    if scenario is None:
        return None
    return {"direct": scenario.readers, "cold": 1, "warm": 0}[phase]


def _predicted(scenario: Scenario | None, phase: str) -> float | None:
    if scenario is None or phase == "warm":
        return None
    return scenario.predicted_direct_seconds if phase == "direct" else scenario.predicted_cold_seconds


def _formula(scenario: Scenario | None, phase: str) -> str:
    if scenario is None:
        return ""
    if phase == "warm":
        return "the origin is not read, so its cap predicts nothing"
    if not scenario.origin_bytes_per_second:
        return "the origin had no cap, so nothing is predicted"
    readers = f"{wording.count(scenario.readers)} × " if phase == "direct" else "1 × "
    cap = wording.exact_bytes(scenario.origin_bytes_per_second)
    return f"{readers}{wording.exact_bytes(scenario.object_bytes)} ÷ {cap}/s"


def _problem(scenario: Scenario | None, measured: Measurement | None, phase: str) -> str:
    if measured is None or scenario is None:
        return wording.NOT_MEASURED
    return _bad_samples(measured) or _bad_origin(scenario, measured, phase)


def _bad_samples(measured: Measurement) -> str:
    if any(reader.verified is False for reader in measured.readers):
        return "a reader got wrong bytes"
    if measured.void:
        return f"void: {measured.void} of {wording.plural(measured.samples + measured.void, 'sample')} prove nothing"
    return "" if measured.samples and measured.seconds is not None else wording.NOT_MEASURED


def _bad_origin(scenario: Scenario, measured: Measurement, phase: str) -> str:
    if measured.origin_bytes is None:
        return wording.NOT_MEASURED
    extra = measured.origin_bytes - (_expected_times(scenario, phase) or 0) * scenario.object_bytes
    if extra < 0:
        return f"void: {wording.exact_bytes(-extra)} did not come from the origin"
    if extra > 0 and phase == "warm":
        return f"void: {wording.exact_bytes(extra)} came from the origin, so the cache was not warm"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of a figure; the label is empty where there is only one."""

    label: str = ""
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One of the figures at the top of the page."""

    name: str
    values: tuple[Value, ...]
    detail: str


NOT_MEASURED = (Value(text=wording.NOT_MEASURED, tone=Tone.OPEN),)


def key_figures(report: Report) -> tuple[KeyFigure, ...]:
    """Return speed-up, origin bytes and release."""
    direct, cold, warm = readings(report)
    return (_speed_up(report, direct, warm), _origin(report, (direct, cold, warm)), _released(report))


def _speed_up(report: Report, direct: Reading, warm: Reading) -> KeyFigure:
    name = "Warm read against direct read"
    for reading in (direct, warm):
        if not reading.proven:
            detail = "" if reading.problem == wording.NOT_MEASURED else f"{reading.phase} phase {reading.problem}"
            return KeyFigure(name=name, values=NOT_MEASURED, detail=detail)
    ratio = next((ratio for ratio in report.ratios if ratio.name == SPEED_UP and ratio.value), None)
    value = ratio.value if ratio else _quotient(direct.seconds, warm.seconds)
    if value is None:
        return KeyFigure(name=name, values=NOT_MEASURED, detail="")
    told = Value(text=f"{wording.times(value)} as fast", tone=Tone.GOOD if value > 1 else Tone.BAD)
    return KeyFigure(name=name, values=(told,), detail=_speed_up_detail(report, direct, warm, ratio))


def _speed_up_detail(report: Report, direct: Reading, warm: Reading, ratio: Ratio | None) -> str:
    pieces = [f"{wording.seconds(warm.seconds)} instead of {wording.seconds(direct.seconds)}"]
    if ratio and ratio.low is not None and ratio.high is not None:
        pieces.append(f"range {wording.times(ratio.low)} to {wording.times(ratio.high)}")
    if report.scenario:
        rate = report.scenario.origin_bytes_per_second
        pieces.append(f"origin capped at {wording.rate(rate)}" if rate else "origin not capped")
    return ", ".join(pieces)


def _quotient(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def _origin(report: Report, phases: Sequence[Reading]) -> KeyFigure:
    name = "Origin bytes, by phase"
    if report.scenario is None or all(reading.origin_times is None for reading in phases):
        return KeyFigure(name=name, values=NOT_MEASURED, detail="")
    readers = wording.plural(report.scenario.readers, "reader")
    detail = f"times the object of {wording.size(report.scenario.object_bytes)}, {readers} at once"
    return KeyFigure(name=name, values=tuple(_origin_value(reading) for reading in phases), detail=detail)


def _origin_value(reading: Reading) -> Value:
    if reading.exact and not reading.proven:  # the right number, but of samples that prove nothing
        return Value(label=reading.phase, text="void", tone=Tone.OPEN)
    tone = Tone.OPEN if reading.exact or reading.origin_times is None else Tone.BAD
    return Value(label=reading.phase, text=wording.times(reading.origin_times), tone=tone)


def _released(report: Report) -> KeyFigure:
    rows = [row for row in report.requirements if row.level is Level.MUST and row.id.startswith(RELEASE_ROWS)]
    counts = Counter(row.verdict for row in rows)
    undecided = sum(counts[verdict] for verdict in (Verdict.ERROR, Verdict.VOID, Verdict.SKIPPED))
    judged = counts[Verdict.PASS] + counts[Verdict.FAIL]
    left = left_over(report.timeline)
    pieces = [f"{counts[Verdict.PASS]} of {wording.plural(judged + undecided, 'release row')} pass"] if rows else []
    pieces.append((left or "last sample: 0 pods, 0 B cached") if report.timeline else "no timeline")
    if report.known_leaks:
        pieces.append(wording.plural(len(report.known_leaks), "known leak"))
    if counts[Verdict.FAIL] or (left and not report.run.partial):
        values: tuple[Value, ...] = (Value(text="No", tone=Tone.BAD),)
    elif undecided or not judged or not report.timeline or report.run.partial:
        values = NOT_MEASURED
    else:
        values = (Value(text="Yes, but for known leaks" if report.known_leaks else "Yes", tone=Tone.GOOD),)
    return KeyFigure(name="Everything released?", values=values, detail=", ".join(pieces))


def left_over(timeline: Sequence[Sample]) -> str:
    """Return what the last sample still saw in use; empty when it saw nothing, or there is none."""
    if not timeline:
        return ""
    last = timeline[-1]
    pieces = [wording.plural(last.pods, "pod")] if last.pods else []
    pieces += [f"{wording.size(last.cached_bytes)} cached"] if last.cached_bytes else []
    return f"last sample: {' and '.join(pieces)} left" if pieces else ""
