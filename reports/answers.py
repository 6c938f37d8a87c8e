"""The four questions that the page answers first: does the cache help, how much, is it proven, is everything gone.

Rule: an answer is "not measured" until all that it rests on was measured and proven; a no is never softened.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports import wording
from reports.gates import gates
from reports.judgement import Tone
from reports.model import Level, Report, Requirement, Verdict
from reports.readings import DIRECT, LOADED, WARM, Reading, readings
from reports.sections.crowd import LoadVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.sections.cost import CostCase
    from reports.sections.ratios import Ratio
    from reports.sections.usage import Sample

RELEASE_ROWS = ("FLUID-REL-", "FLUID-ZERO-", "FLUID-DEL-")
SPEED_UP = "warm/direct"
SIGNS = {Tone.GOOD: "✓", Tone.BAD: "✕", Tone.OPEN: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question, answered in a few words and in a few figures."""

    question: str
    text: str = wording.NOT_MEASURED
    tone: Tone = Tone.OPEN
    details: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """A mark that needs no colour."""
        return SIGNS[self.tone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What one way to the data costs a reader and its owner; None is not measured."""

    phase: str
    seconds: float | None
    yuan: float | None
    scaled_seconds: float | None
    scaled_yuan: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How often the object left the origin in one phase."""

    phase: str
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All four, with the figures that stand beside them."""

    helps: Answer
    worth: Answer
    waits: tuple[Wait, ...]
    proof: Answer
    origins: tuple[Origin, ...]
    gone: Answer

    @property
    def texts(self) -> tuple[str, ...]:
        """The answers alone."""
        return tuple(answer.text for answer in (self.helps, self.worth, self.proof, self.gone))


def answers(report: Report) -> Answers:
    """Return the four answers."""
    phases = {reading.phase: reading for reading in readings(report)}
    ratio = next((each for each in report.ratios if each.name == SPEED_UP and each.value), None)
    factor = _factor(phases, ratio)
    return Answers(
        helps=_helps(report, phases, ratio, factor),
        worth=_worth(ratio, factor),
        waits=tuple(_wait(report, reading) for reading in phases.values()),
        proof=_proof(report, phases),
        origins=tuple(_origin(reading) for reading in phases.values()),
        gone=_gone(report),
    )


def _factor(phases: Mapping[str, Reading], ratio: Ratio | None) -> float | None:
    """Return how many times as fast warm was; None unless both phases are proven."""
    direct, warm = phases[DIRECT], phases[WARM]
    if not (direct.proven and warm.proven):
        return None
    if ratio:
        return ratio.value
    return direct.seconds / warm.seconds if direct.seconds is not None and warm.seconds else None


def _helps(report: Report, phases: Mapping[str, Reading], ratio: Ratio | None, factor: float | None) -> Answer:
    question = "Does the cache help?"
    if factor is None:
        weak = (phases[name] for name in (DIRECT, WARM) if phases[name].measured and not phases[name].proven)
        return Answer(question=question, details=tuple(f"Phase {each.phase} {each.problem}." for each in weak))
    certain = ratio is None or ratio.low is None or ratio.low > 1
    text, tone = ("Yes", Tone.GOOD) if factor > 1 and certain else ("Not clearly", Tone.OPEN)
    if factor <= 1:
        text, tone = "No", Tone.BAD
    warm, direct = wording.seconds(phases[WARM].seconds), wording.seconds(phases[DIRECT].seconds)
    details = [f"A reader waits {warm} with a warm cache, {direct} without one."]
    if report.scenario:
        rate = report.scenario.origin_bytes_per_second
        size = wording.size(report.scenario.object_bytes)
        cap = f"origin capped at {wording.rate(rate)}" if rate else "origin not capped"
        details.append(f"{wording.plural(report.scenario.readers, 'reader')} at once, {size} each, {cap}.")
    return Answer(question=question, text=text, tone=tone, details=tuple(details))


def _worth(ratio: Ratio | None, factor: float | None) -> Answer:
    question = "How much?"
    if factor is None:
        return Answer(question=question)
    span: tuple[str, ...] = ()
    if ratio and ratio.low is not None and ratio.high is not None:
        span = (f"range {wording.times(ratio.low)} to {wording.times(ratio.high)}",)
    tone = Tone.GOOD if factor > 1 else Tone.BAD
    return Answer(question=question, text=f"{wording.times(factor)} as fast", tone=tone, details=span)


def _wait(report: Report, reading: Reading) -> Wait:
    here: CostCase | None = report.cost.case(reading.phase) if report.cost else None
    there: CostCase | None = report.cost.scaled_case(reading.phase) if report.cost else None
    return Wait(
        phase=reading.phase,
        seconds=reading.seconds if reading.proven else None,
        yuan=here.total_yuan if here else None,
        scaled_seconds=there.wait_seconds if there else None,
        scaled_yuan=there.total_yuan if there else None,
    )


def _proof(report: Report, phases: Mapping[str, Reading]) -> Answer:
    question = "Is it proven?"
    # A gate with a ceiling is about what was read; one with a floor alone is about speed, which proves nothing.
    tones = [gate.tone for gate in gates(report) if gate.ratio.ceiling is not None]
    tones += [_proof_tone(reading) for reading in phases.values() if _counts(reading)]
    if report.load:
        tones += [_LOAD_TONES[phase.verdict] for phase in report.load.phases]
    details = tuple(_gate_counts(report)) + tuple(_load_counts(report))
    if Tone.BAD in tones:
        return Answer(question=question, text="No", tone=Tone.BAD, details=details)
    if all(not reading.measured for reading in phases.values()):
        return Answer(question=question, details=details)
    if Tone.OPEN in tones:
        return Answer(question=question, text="Not all of it", details=details)
    return Answer(question=question, text="Yes", tone=Tone.GOOD, details=details)


def _counts(reading: Reading) -> bool:
    """Tell whether the proof needs this phase: a DataLoad is no part of every run."""
    return reading.measured or reading.phase != LOADED


def _proof_tone(reading: Reading) -> Tone:
    """Return whether a phase is what it claims: a retry makes direct reads no less direct, but cold ones too many."""
    if reading.phase == DIRECT and reading.proven:
        return Tone.GOOD
    return _origin_tone(reading)


def _origin_tone(reading: Reading) -> Tone:
    if reading.origin_times is None or (reading.exact and not reading.proven):
        return Tone.OPEN
    return Tone.GOOD if reading.exact else Tone.BAD


_LOAD_TONES = {LoadVerdict.PASS: Tone.GOOD, LoadVerdict.FAIL: Tone.BAD, LoadVerdict.VOID: Tone.OPEN}


def _gate_counts(report: Report) -> Sequence[str]:
    found = gates(report)
    if not found:
        return ["No ratio has a floor."]
    held = sum(gate.tone is Tone.GOOD for gate in found)
    return [f"{held} of {wording.plural(len(found), 'gate holds', 'gates hold')}."]


def _load_counts(report: Report) -> Sequence[str]:
    if not report.load:
        return []
    passed = sum(phase.verdict is LoadVerdict.PASS for phase in report.load.phases)
    return [f"{passed} of {wording.plural(len(report.load.phases), 'phase of load passes', 'phases of load pass')}."]


def _origin(reading: Reading) -> Origin:
    tone = _origin_tone(reading)
    # The right number, but of samples that prove nothing, is no number to show.
    void = tone is Tone.OPEN and reading.origin_times is not None
    text = "void" if void else wording.times(reading.origin_times)
    return Origin(phase=reading.phase, text=text, tone=tone)


def _gone(report: Report) -> Answer:
    rows = [row for row in report.requirements if row.level is Level.MUST and row.id.startswith(RELEASE_ROWS)]
    counts = Counter(row.verdict for row in rows)
    undecided = sum(counts[verdict] for verdict in (Verdict.ERROR, Verdict.VOID, Verdict.SKIPPED))
    judged = counts[Verdict.PASS] + counts[Verdict.FAIL]
    left = left_over(report.timeline)
    question, details = "Is everything gone?", tuple(_gone_details(report, rows, judged + undecided))
    if counts[Verdict.FAIL] or (left and not report.run.partial):
        return Answer(question=question, text="No", tone=Tone.BAD, details=details)
    if undecided or not judged or not report.timeline or report.run.partial:
        return Answer(question=question, details=details)
    return Answer(question=question, text=_gone_text(report), tone=Tone.GOOD, details=details)


def _gone_text(report: Report) -> str:
    if report.known_leaks:
        return "Yes, but for known leaks"
    taken = report.resources.to_zero_seconds if report.resources else None
    return "Yes" if taken is None else f"Yes, after {wording.seconds(taken)}"


def _gone_details(report: Report, rows: Sequence[Requirement], counted: int) -> Sequence[str]:
    passed = sum(row.verdict is Verdict.PASS for row in rows)
    pieces = [f"{passed} of {wording.plural(counted, 'release row passes', 'release rows pass')}."] if rows else []
    if report.resources and report.resources.to_zero_seconds is not None:
        pieces.append(f"Zero {wording.seconds(report.resources.to_zero_seconds)} after the accepted deletion.")
    if report.timeline:
        told = left_over(report.timeline) or "0 pods, 0 B cached"
        pieces.append(f"Last sample, at {wording.seconds(report.timeline[-1].seconds)}: {told}{_controllers(report)}.")
    else:
        pieces.append("No timeline.")
    if report.known_leaks:
        pieces.append(f"{wording.plural(len(report.known_leaks), 'known leak')}, listed below.")
    return pieces


def _controllers(report: Report) -> str:
    """Return what became of the controllers that came on demand; Fluid's own stay, so that none is left is no must."""
    left = report.timeline[-1].runtime_controllers
    taken = report.resources.controllers_to_zero_seconds if report.resources else None
    if left is None:
        return ""
    return f", {wording.plural(left, 'runtime controller')}" + (
        f" (0 after {wording.seconds(taken)})" if taken is not None and not left else ""
    )


def left_over(timeline: Sequence[Sample]) -> str:
    """Return what the last sample still saw in use; empty when it saw nothing, or there is none."""
    if not timeline:
        return ""
    last = timeline[-1]
    pieces = [wording.plural(last.pods, "pod")] if last.pods else []
    pieces += [f"{wording.size(last.cached_bytes)} cached"] if last.cached_bytes else []
    return f"{' and '.join(pieces)} left" if pieces else ""
