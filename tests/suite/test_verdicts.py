"""A requirement is as good as its worst test, and the exit code says what a release engineer must know."""

from dataclasses import replace

import pytest

from suite.ledger import Level, Requirement
from suite.verdicts import TestResult, Verdict, exit_code, judge, summary

ROW = Requirement(id="FLUID-X-1", sentence="s", level=Level.MUST, area="x", profile="core", real="all", source="–")
ROWS = {"FLUID-X-1": ROW}


def result(verdict: Verdict, *, nodeid: str = "t", ids: tuple[str, ...] = ("FLUID-X-1",)) -> TestResult:
    return TestResult(nodeid=nodeid, requirements=ids, verdict=verdict, seconds=1.0, message="why")


def test_the_worst_test_decides() -> None:
    judged = judge(
        ROWS, [result(Verdict.PASS, nodeid="a"), result(Verdict.VOID, nodeid="b"), result(Verdict.FAIL, nodeid="c")]
    )[0]

    assert (judged.verdict, judged.reason, judged.tests) == (Verdict.FAIL, "why", ("a", "b", "c"))


def test_a_requirement_without_a_test_that_ran_is_skipped_not_passed() -> None:
    assert judge(ROWS, [])[0].verdict is Verdict.SKIPPED
    assert summary(judge(ROWS, []))["pass"] == 0


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Verdict.PASS, 0), (Verdict.FAIL, 1), (Verdict.VOID, 14), (Verdict.ERROR, 10), (Verdict.NOT_APPLICABLE, 0)],
)
def test_exit_codes(verdict: Verdict, code: int) -> None:
    results = [result(verdict)]

    assert exit_code(judge(ROWS, results), results, broken=False) == code


def test_a_failed_should_changes_no_exit_code_but_a_failed_test_without_a_requirement_does() -> None:
    should = {"FLUID-X-1": replace(ROW, level=Level.SHOULD)}
    results = [result(Verdict.FAIL)]

    assert exit_code(judge(should, results), results, broken=False) == 0
    assert exit_code(judge(should, [result(Verdict.FAIL, ids=())]), [result(Verdict.FAIL, ids=())], broken=False) == 1


def test_an_error_outranks_a_failure() -> None:
    results = [result(Verdict.FAIL, nodeid="a"), result(Verdict.ERROR, nodeid="b")]

    assert exit_code(judge(ROWS, results), results, broken=False) == 10


def test_a_missed_gate_has_an_exit_code_of_its_own_behind_all_that_say_more() -> None:
    gate = {"FLUID-PERF-X-1": replace(ROW, id="FLUID-PERF-X-1", area="performance")}
    missed = result(Verdict.FAIL, nodeid="gate", ids=("FLUID-PERF-X-1",))
    void, failed = result(Verdict.VOID, nodeid="b", ids=("FLUID-PERF-X-1",)), result(Verdict.FAIL, nodeid="a")

    assert exit_code(judge(gate, [missed]), [missed], broken=False) == 11
    assert exit_code(judge(gate, [missed, void]), [missed, void], broken=False) == 14
    assert exit_code(judge(ROWS | gate, [missed, void, failed]), [missed, void, failed], broken=False) == 1


def test_a_should_that_is_void_changes_no_exit_code() -> None:
    should = {"FLUID-PERF-X-1": replace(ROW, id="FLUID-PERF-X-1", area="performance", level=Level.SHOULD)}
    void = result(Verdict.VOID, nodeid="gate", ids=("FLUID-PERF-X-1",))

    assert exit_code(judge(should, [void]), [void], broken=False) == 0
    assert (
        exit_code(judge(should, [replace(void, requirements=())]), [replace(void, requirements=())], broken=False) == 14
    )
