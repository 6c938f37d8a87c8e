"""From what tests did to verdicts, and from verdicts to the exit code.

Rule: a requirement is as good as the worst of its tests; what has no test result has no verdict but `skipped`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from suite.ledger import Level, Requirement


class Verdict(StrEnum):
    """What is said of a requirement; the order of definition is from worst to best."""

    ERROR = "error"  # we or the infrastructure broke
    FAIL = "fail"
    VOID = "void"  # measured, but the sample proves nothing
    SKIPPED = "skipped"  # the operator said so
    NOT_APPLICABLE = "notApplicable"  # this target cannot show it
    UNSUPPORTED = "unsupported"  # declared by the profile
    PROVISIONAL = "provisional"  # runs, does not count
    PASS = "pass"  # noqa: S105 - a verdict, not a word that opens doors


PERFORMANCE = "performance"  # the area whose rows are gates: missing one is not breaking the contract

_ORDER = {verdict: rank for rank, verdict in enumerate(Verdict)}

EXIT_OK = 0
EXIT_MUST_FAILED = 1
EXIT_USAGE = 4
EXIT_INFRASTRUCTURE = 10
EXIT_PERFORMANCE = 11
EXIT_VOID = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test's end, as the controller learns it from wherever the test ran."""

    __test__ = False  # not a class of tests

    nodeid: str
    requirements: tuple[str, ...]
    verdict: Verdict
    seconds: float
    message: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)  # measurements, ratios, phases that the test recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One requirement with its verdict and what it rests on."""

    requirement: Requirement
    verdict: Verdict
    seconds: float
    tests: tuple[str, ...]
    reason: str


def judge(rows: Mapping[str, Requirement], results: Iterable[TestResult]) -> tuple[Judgement, ...]:
    """Return a judgement for each row of the ledger."""
    by_id: dict[str, list[TestResult]] = {}
    for result in results:
        for identity in result.requirements:
            by_id.setdefault(identity, []).append(result)
    return tuple(_judge(row, by_id.get(identity, [])) for identity, row in rows.items())


def _judge(row: Requirement, results: Sequence[TestResult]) -> Judgement:
    if not results:
        return Judgement(requirement=row, verdict=Verdict.SKIPPED, seconds=0.0, tests=(), reason="no test of it ran")
    worst = min(results, key=lambda result: _ORDER[result.verdict])
    return Judgement(
        requirement=row,
        verdict=worst.verdict,
        seconds=sum(result.seconds for result in results),
        tests=tuple(result.nodeid for result in results),
        reason=worst.message if worst.verdict is not Verdict.PASS else "",
    )


def summary(judgements: Iterable[Judgement]) -> dict[str, int]:
    """Return how many requirements got each verdict, every verdict named."""
    counts = dict.fromkeys((verdict.value for verdict in reversed(Verdict)), 0)
    for judgement in judgements:
        counts[judgement.verdict.value] += 1
    return counts


def exit_code(judgements: Sequence[Judgement], results: Sequence[TestResult], *, broken: bool) -> int:
    """Return the exit code in order of precedence; a `should` that failed or is void changes nothing."""
    verdicts = [result.verdict for result in results]
    if broken or Verdict.ERROR in verdicts:
        return EXIT_INFRASTRUCTURE
    must = [j for j in judgements if j.requirement.level is Level.MUST]
    failed = [j for j in must if j.verdict is Verdict.FAIL]
    unmarked = [result.verdict for result in results if not result.requirements]
    counted = {j.requirement.id for j in must}
    void = [
        result for result in results if result.verdict is Verdict.VOID and counted.intersection(result.requirements)
    ]
    if Verdict.FAIL in unmarked or any(j.requirement.area != PERFORMANCE for j in failed):
        return EXIT_MUST_FAILED
    if void or Verdict.VOID in unmarked:
        return EXIT_VOID
    return EXIT_PERFORMANCE if failed else EXIT_OK
