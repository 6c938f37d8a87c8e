"""What a test keeps for the report: figures, phases and observations, as plain data.

Rule: a figure carries its unit, its samples and the origin bytes that prove its state; nothing is kept that was not
observed in this run.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One side of a ratio."""

    name: str
    value: float
    unit: str


@dataclass(slots=True)
class Record:
    """One test's facts; they travel with the test's report, also from an xdist worker."""

    measurements: list[dict[str, Any]] = field(default_factory=list)
    ratios: list[dict[str, Any]] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)
    observations: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)

    def measurement(self, **fields: Any) -> None:  # noqa: ANN401 - the report's data model, checked by reports
        """Keep one figure; the fields are those of the report's `measurements`."""
        self.measurements.append(fields)

    def ratio(
        self,
        *,
        name: str,
        value: float,
        low: float,
        high: float,
        floor: float | None = None,
        ceiling: float | None = None,
        numerator: Figure | None = None,
        denominator: Figure | None = None,
        rounds: int | None = None,
        how: str | None = None,
    ) -> None:
        """Keep one ratio of two figures of this run: its interval, its bounds, both sides, and how it was obtained."""
        kept = {
            "name": name,
            "value": value,
            "low": low,
            "high": high,
            "floor": floor,
            "ceiling": ceiling,
            "numerator": asdict(numerator) if numerator else None,
            "denominator": asdict(denominator) if denominator else None,
            "rounds": rounds,
            "how": how,
        }
        self.ratios.append({field: content for field, content in kept.items() if content is not None})

    def phase(self, name: str, *, start: float, end: float, dataset: str = "") -> None:
        """Keep when a phase began and ended (seconds since the epoch), and whose cache it used: <namespace>-<name>."""
        self.phases.append({"name": name, "start": start, "end": end, "dataset": dataset})

    def observe(self, name: str, seen: object) -> None:
        """Keep an observation that justifies the verdict."""
        self.observations[name] = seen

    def section(self, name: str, data: object) -> None:
        """Keep a whole section of the report, which one test alone writes."""
        self.sections[name] = data

    def as_data(self) -> Mapping[str, Any]:
        """Return what was kept, empty parts left out."""
        parts = {
            "measurements": self.measurements,
            "ratios": self.ratios,
            "phases": self.phases,
            "observations": self.observations,
            "sections": self.sections,
        }
        return {name: part for name, part in parts.items() if part}
