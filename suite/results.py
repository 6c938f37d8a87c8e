"""Collects what tests did, in the controller, wherever they ran.

Rule: what travels is one plain mapping on pytest's own report, so that a run under xdist and one without are the same.
"""

from typing import TYPE_CHECKING, Any

import pytest

from fixtures.errors import InfrastructureError, UserError
from suite.case import Case
from suite.environment import Environment
from suite.errors import GateMissed, NotApplicable, NothingObserved, Void, WaitFailed
from suite.evidence import keep
from suite.recording import Record
from suite.verdicts import TestResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

SELF_EXPLAINING = (WaitFailed, GateMissed, NothingObserved, Void, InfrastructureError, UserError)
ATTRIBUTE = "fluid"
DEATH_SECONDS = 1.0  # a broken connection is seen before the end of who held it
record_key = pytest.StashKey[Record]()


def attach(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put verdict, requirements and facts on a test's report (in the process that ran the test)."""
    if report.when != "call" and report.passed:
        return
    requirements = [str(name) for mark in item.iter_markers("requirement") for name in mark.args]
    if death := _death(item, call) if report.failed else "":
        report.longrepr = death  # whatever the test saw, it saw this
        _put(report, Verdict.ERROR, requirements, death, {})
        return
    kept = _evidence(item, requirements) if report.failed else ""
    if call.excinfo and isinstance(call.excinfo.value, NotApplicable):
        # pytest's word for what was not tried: its own summary shows no failure where there is none.
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, str(call.excinfo.value))
    elif call.excinfo and isinstance(call.excinfo.value, SELF_EXPLAINING):
        # It says what, where and since when: the stack would only bury it.
        report.longrepr = str(call.excinfo.value) + kept
    elif kept:
        report.sections.append(("fluid", kept.strip()))
    record = item.stash.get(record_key, None)
    _put(report, _verdict(call, report), requirements, _message(call, report), dict(record.as_data()) if record else {})


def _put(
    report: pytest.TestReport, verdict: Verdict, requirements: list[str], message: str, facts: dict[str, Any]
) -> None:
    data = {"verdict": str(verdict), "requirements": requirements, "message": message, "facts": facts}
    setattr(report, ATTRIBUTE, data)


def _death(item: pytest.Item, call: pytest.CallInfo[None]) -> str:
    """Return what died under a failed test, "" when everything that we started lives."""
    environment = getattr(item, "funcargs", {}).get("environment")
    if not isinstance(environment, Environment) or call.excinfo is None:
        return ""
    judged = isinstance(call.excinfo.value, AssertionError | Void | NotApplicable)
    return environment.death(grace_seconds=0.0 if judged else DEATH_SECONDS)


def _evidence(item: pytest.Item, requirements: list[str]) -> str:
    """Keep what the failed test's case looks like now; return a line that says where, or why not."""
    surroundings: dict[str, Any] = getattr(item, "funcargs", {})
    environment = surroundings.get("environment")
    holders = [surroundings.get("case"), *(getattr(each, "case", None) for each in surroundings.values())]
    case = next((holder for holder in holders if isinstance(holder, Case)), None)
    if not isinstance(environment, Environment) or case is None:
        return ""
    folder = environment.directory / "evidence" / (requirements[0] if requirements else item.name) / item.name
    try:
        keep(environment.cluster, case.namespace, folder)
    except OSError as error:
        return f"\n  evidence   not kept: {error.strerror or error}: {folder}"
    return f"\n  evidence   {folder}/"


def _verdict(call: pytest.CallInfo[None], report: pytest.TestReport) -> Verdict:
    error = call.excinfo.value if call.excinfo else None
    if report.passed:
        return Verdict.PASS
    if isinstance(error, NotApplicable):
        return Verdict.NOT_APPLICABLE
    if report.skipped:
        return Verdict.SKIPPED
    if isinstance(error, Void):
        return Verdict.VOID
    if isinstance(error, AssertionError | pytest.fail.Exception) and report.when != "teardown":
        return Verdict.FAIL
    return Verdict.ERROR


def _message(call: pytest.CallInfo[None], report: pytest.TestReport) -> str:
    if report.passed or call.excinfo is None:
        return ""
    return str(call.excinfo.value)[:4000] or call.excinfo.typename


class Collector:
    """Keeps one result for each test: the worst of its set-up, call and tear-down."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._data: dict[str, Mapping[str, Any]] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Take in one report."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        data: Mapping[str, Any] | None = getattr(report, ATTRIBUTE, None)
        if data is None:
            return
        before = self._data.get(report.nodeid)
        if before is None or before["verdict"] == Verdict.PASS:
            self._data[report.nodeid] = data

    def results(self) -> tuple[TestResult, ...]:
        """Return all results in the order in which the tests ended."""
        return tuple(
            TestResult(
                nodeid=nodeid,
                requirements=tuple(data["requirements"]),
                verdict=Verdict(data["verdict"]),
                seconds=round(self._seconds[nodeid], 2),
                message=data["message"],
                facts=data["facts"],
            )
            for nodeid, data in self._data.items()
        )
