"""The terminal says what was measured, in one line each, and is silent about the rest."""

from suite.telling import cost_lines, duration_lines, resource_lines
from suite.verdicts import TestResult, Verdict


def test_the_way_to_zero_is_one_line() -> None:
    used = {"timeToZeroSeconds": 2.04, "controllersToZeroSeconds": 9.0, "dataPlane": {"podSeconds": 130.6}}

    (line,) = resource_lines(used)

    assert line.startswith("zero   data plane 2.0 s, runtime controllers 9.0 s after the last deletion was accepted; ")
    assert line.endswith("131 pod-seconds of caches")


def test_a_zero_that_was_not_seen_is_not_mentioned() -> None:
    assert resource_lines({}) == []
    assert resource_lines({"dataPlane": {"podSeconds": 1}}) == []


def test_the_cases_costs_are_one_line_with_the_models_error() -> None:
    direct = {"name": "direct", "readers": 8, "waitSeconds": 21.5, "predictedSeconds": 21.0, "totalYuan": 1.376}
    warm = {"name": "warm", "readers": 8, "waitSeconds": 2.0, "totalYuan": 0.256}
    unpaid = {"name": "cold", "readers": 8, "waitSeconds": 3.0}

    assert cost_lines({"currency": "yuan", "cases": [direct, unpaid, warm]}) == [
        "cost   yuan for 8 readers, cache included: direct 1.376 (21.5 s, model 21.0 s), warm 0.256 (2.0 s)"
    ]
    assert cost_lines({"currency": "yuan", "cases": []}) == []


def test_a_time_that_belongs_to_no_phase_is_one_line() -> None:
    bound = {"name": "bound-from-zero", "unit": "s", "value": 2.13, "state": "1.5 s with the controller there"}
    phase = {"name": "cold-read", "phase": "cold", "unit": "byte/s", "value": 1.0}
    facts = {"measurements": [bound, phase]}
    result = TestResult(nodeid="t", requirements=(), verdict=Verdict.PASS, seconds=1.0, facts=facts)

    assert duration_lines([result]) == ["bound-from-zero   2.1 s; 1.5 s with the controller there"]
