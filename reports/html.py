"""The page: report.html from the data model; the rule: everything that comes from a run is text and is escaped.

The page is one file that loads nothing and runs nothing (its own Content-Security-Policy says so), so that it can be
attached to a release and opened years later.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports import answers, curves, drawing, gates, judgement, money, readings, waves, wording
from reports.model import Level, Report, Requirement, TestEnd, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPLATES = Path(__file__).parent / "templates"
SIGNS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✕",
    Verdict.ERROR: "!",
    Verdict.VOID: "∅",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.UNSUPPORTED: "–",
    Verdict.SKIPPED: "–",
    Verdict.PROVISIONAL: "~",
}
_CALM = {"pass", "passed", "skipped", Verdict.NOT_APPLICABLE.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one test, or the suite itself, said about a row."""

    test: str  # empty: said of the row as a whole
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table of verdicts."""

    requirement: Requirement
    verdict: str
    sign: str
    tone: judgement.Tone
    evidence: str  # a link; empty where nothing was kept
    note: str  # why a row was not judged, where that is one line
    messages: tuple[Message, ...]
    needs_a_look: bool

    @property
    def first_line(self) -> str:
        """The beginning of the first message, for the list of what needs a look."""
        text = self.messages[0].text if self.messages else self.note
        return text.strip().splitlines()[0] if text.strip() else "no message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """The rows of one area of the contract."""

    name: str
    rows: tuple[Row, ...]
    counts: str


def page(report: Report, run_directory: Path) -> str:
    """Return the whole page; `run_directory` tells which evidence was kept."""
    rows = tuple(_row(row, report.tests, run_directory) for row in report.requirements)
    bad = [row for row in rows if row.needs_a_look]
    phases = readings.readings(report)
    claimed = {test for row in report.requirements for test in row.tests}
    return (
        _templates()
        .get_template("report.html.jinja")
        .render(
            report=report,
            headline=judgement.headline(report),
            exit_meaning=judgement.exit_meaning(report.run.exit_code),
            answers=answers.answers(report),
            gates=gates.gates(report),
            readings=phases,
            second_bars=drawing.bars([r.seconds for r in phases], [r.predicted_seconds for r in phases]),
            origin_bars=drawing.bars([r.origin_bytes for r in phases], [None] * len(phases)),
            dataload=next((m for m in report.measurements if m.name == "dataload" and m.value is not None), None),
            timeline=curves.timeline(report),
            waves=waves.waves(report, run_directory),
            pictures=money.pictures(report),
            areas=_areas(rows),
            bad_must=[row for row in bad if row.requirement.level is Level.MUST],
            bad_should=[row for row in bad if row.requirement.level is Level.SHOULD],
            bad_tests=[test for test in report.tests if test.outcome not in _CALM and test.id not in claimed],
            verdict_counts=[(judgement.label(v), SIGNS[v], _counted(rows)[v], judgement.tone_of(v)) for v in Verdict],
            outcomes=_listed(Counter(test.outcome for test in report.tests)),
            environment={name: shown(name, value) for name, value in report.environment.items()},
            notices=_notices(report),
            say=wording,
        )
    )


def shown(name: str, value: object) -> str:
    """Return a free value as text; a number named …Bytes is a size."""
    if isinstance(value, int | float) and not isinstance(value, bool) and name.endswith("Bytes"):
        return wording.size(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _row(row: Requirement, tests: Sequence[TestEnd], run_directory: Path) -> Row:
    found = {test.id: test.message for test in tests if test.id in row.tests and test.message}
    messages = [Message(test=test, text=text) for test, text in found.items()]
    if row.reason and row.reason not in found.values():
        messages.insert(0, Message(test="", text=row.reason))
    calm = row.verdict in {Verdict.NOT_APPLICABLE, Verdict.UNSUPPORTED, Verdict.SKIPPED}
    short = calm and "\n" not in row.reason.strip()
    return Row(
        requirement=row,
        verdict=judgement.label(row.verdict),
        sign=SIGNS[row.verdict],
        tone=judgement.tone_of(row.verdict),
        evidence=row.evidence if row.evidence and (run_directory / row.evidence).exists() else "",
        note=row.reason if short else "",
        messages=() if short else tuple(messages),
        needs_a_look=row.verdict in {Verdict.FAIL, Verdict.ERROR, Verdict.VOID},
    )


def _areas(rows: Sequence[Row]) -> tuple[Area, ...]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.requirement.area or "other", []).append(row)
    return tuple(
        Area(name=name[:1].upper() + name[1:], rows=tuple(members), counts=_listed(Counter(r.verdict for r in members)))
        for name, members in grouped.items()
    )


def _counted(rows: Sequence[Row]) -> Counter[Verdict]:
    return Counter(row.requirement.verdict for row in rows)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())


def _notices(report: Report) -> tuple[str, ...]:
    own = list(judgement.contradictions(report))
    own += [
        f"{measurement.name}: its value does not lie in its own interval."
        for measurement in report.measurements
        if None not in (measurement.value, measurement.low, measurement.high)
        and not (measurement.low or 0) <= (measurement.value or 0) <= (measurement.high or 0)
    ]
    if report.unknown_fields:
        own.append(f"report.yaml has fields that this page does not show: {', '.join(report.unknown_fields)}.")
    return (*own, *report.notices)
