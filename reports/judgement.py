"""What a report says in one sentence; the rule: nothing reads as good unless everything that it needs was judged.

An empty run, an interrupted one, one that left rows out, or a file that contradicts itself never may ship.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reports.model import Level, Report, Verdict
from reports.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_MEANINGS = {
    0: "nothing speaks against it",
    1: "a must row, or a test without a row, failed",
    2: "interrupted",
    3: "pytest itself broke",
    4: "usage: a bad option, a broken file, or tests and ledger that differ",
    5: "no test was collected",
    6: "pytest was told to stop at warnings",
    10: "the suite or the infrastructure broke",
    11: "a performance gate failed",
    12: "an expectation is stale or expired",
    13: "too little was measured",
    14: "a measurement is void: it proves nothing",
}
_NOT_CLAIMED = (Verdict.NOT_APPLICABLE, Verdict.UNSUPPORTED, Verdict.PROVISIONAL)
_GATE_FAILED = (1, 11)


class Tone(StrEnum):
    """How a statement is to be taken; shown by a sign and a colour."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"  # nothing was proven either way


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The verdict on the whole run."""

    tone: Tone
    label: str  # May ship, Must not ship, No verdict, Partial run
    sentence: str
    asides: tuple[str, ...]  # what does not change it, but must be said beside it

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        return f"{self.label}: {self.sentence}"


def headline(report: Report) -> Headline:
    """Return the verdict; the stricter of what the rows and what the exit code say."""
    must = [row for row in report.requirements if row.level is Level.MUST]
    counts = Counter(row.verdict for row in must)
    tone, label, reason = _label(report, counts)
    judged = len(must) - sum(counts[verdict] for verdict in _NOT_CLAIMED)
    told = (
        [f"{counts[Verdict.PASS]} of {plural(judged, 'must row passes', 'must rows pass')}"]
        if judged
        else ["no must row was judged"]
    )
    told += [
        phrase.format(number=counts[verdict], be="is" if counts[verdict] == 1 else "are", s=_s(counts[verdict]))
        for verdict, phrase in _PHRASES.items()
        if counts[verdict]
    ]
    sentence = ", ".join(told) + (f"; {reason}" if reason else "")
    return Headline(tone=tone, label=label, sentence=sentence, asides=tuple(_asides(report, counts)))


_PHRASES = {
    Verdict.FAIL: "{number} fail{s}",
    Verdict.ERROR: "{number} ended in error",
    Verdict.VOID: "{number} {be} void",
    Verdict.SKIPPED: "{number} did not run",
}


def _s(number: int) -> str:
    return "s" if number == 1 else ""


def _label(report: Report, counts: Counter[Verdict]) -> tuple[Tone, str, str]:
    """Return tone, label and the reason that the counts do not show."""
    code = report.run.exit_code
    if report.run.partial:
        tone = Tone.BAD if counts[Verdict.FAIL] else Tone.OPEN
        return tone, "Partial run", "it says nothing about shipping"
    if contradictions(report):
        return Tone.BAD, "No verdict", "the report contradicts itself (see Notices)"
    if counts[Verdict.ERROR] or counts[Verdict.FAIL]:
        return Tone.BAD, "No verdict" if counts[Verdict.ERROR] else "Must not ship", ""
    if counts[Verdict.VOID] or counts[Verdict.SKIPPED] or not counts[Verdict.PASS]:
        return Tone.OPEN, "No verdict", ""
    if code == 0:
        return Tone.GOOD, "May ship", ""
    label = "Must not ship" if code in _GATE_FAILED else "No verdict"
    return Tone.BAD, label, f"but the run ended with {exit_meaning(code)}"


def exit_meaning(code: int | None) -> str:
    """Return an exit code with what it stands for."""
    return "no exit code" if code is None else f"exit code {code} ({EXIT_MEANINGS.get(code, 'unknown')})"


def _asides(report: Report, counts: Counter[Verdict]) -> Iterable[str]:
    left_out = [f"{counts[verdict]} {label(verdict)}" for verdict in _NOT_CLAIMED if counts[verdict]]
    if left_out:
        number = sum(counts[verdict] for verdict in _NOT_CLAIMED)
        yield f"{plural(number, 'further must row does', 'further must rows do')} not count: {', '.join(left_out)}."
    should = [row for row in report.requirements if row.level is Level.SHOULD and row.verdict is Verdict.FAIL]
    if should:
        yield f"{plural(len(should), 'should row fails', 'should rows fail')}, which does not change the verdict."


def label(verdict: Verdict) -> str:
    """Return a verdict as people write it."""
    return "not applicable" if verdict is Verdict.NOT_APPLICABLE else verdict.value


def contradictions(report: Report) -> tuple[str, ...]:
    """Return where the file says two things at once."""
    counted = Counter(row.verdict for row in report.requirements)
    found = [
        f"summary.{verdict.value} is {claimed}, but {plural(counted[verdict], 'row has', 'rows have')} that verdict."
        for verdict, claimed in report.summary.items()
        if claimed != counted[verdict]
    ]
    tests = {test.id for test in report.tests}
    if report.tests:
        found += [
            f"{row.id} rests on {test}, which is not among the tests."
            for row in report.requirements
            for test in row.tests
            if test not in tests
        ]
    found += [
        f"{row.id} is a pass, but rests on no test."
        for row in report.requirements
        if row.verdict is Verdict.PASS and not row.tests
    ]
    return tuple(found)


def tone_of(verdict: Verdict) -> Tone:
    """Return how a row's verdict is to be taken."""
    if verdict is Verdict.PASS:
        return Tone.GOOD
    return Tone.BAD if verdict in {Verdict.FAIL, Verdict.ERROR} else Tone.OPEN
