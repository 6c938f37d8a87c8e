"""The scenario's readings: direct, cold, loaded, warm.

Rule: a phase that does not show what it claims by origin bytes proves nothing, and no figure is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports import wording

if TYPE_CHECKING:
    from reports.model import Measurement, Report, Scenario

DIRECT, COLD, LOADED, WARM = PHASES = ("direct", "cold", "loaded", "warm")
_FILLED = {LOADED: "filled by the DataLoad", WARM: "warm"}
CACHED = tuple(_FILLED)  # everything is in the cache before the first reader asks


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
    def measured(self) -> bool:
        """Whether the run had this phase at all."""
        return self.problem != wording.NOT_MEASURED

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
    """Return all four, whether they were measured or not."""
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
    return {DIRECT: scenario.readers, COLD: 1}.get(phase, 0)


def _predicted(scenario: Scenario | None, phase: str) -> float | None:
    if scenario is None or phase in CACHED:
        return None
    return scenario.predicted_direct_seconds if phase == DIRECT else scenario.predicted_cold_seconds


def _formula(scenario: Scenario | None, phase: str) -> str:
    if scenario is None:
        return ""
    if phase in CACHED:
        return "the origin is not read, so its cap predicts nothing"
    if not scenario.origin_bytes_per_second:
        return "the origin had no cap, so nothing is predicted"
    readers = f"{wording.count(scenario.readers)} × " if phase == DIRECT else "1 × "
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
    if extra > 0 and phase in CACHED:
        return f"void: {wording.exact_bytes(extra)} came from the origin, so the cache was not {_FILLED[phase]}"
    return ""
