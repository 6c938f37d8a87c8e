"""Integrals of the resource curve are what a pencil gives, gaps are told, and a curve without a peak proves nothing."""

import pytest
from usage_samples import sample

from suite.resources import gap_notice, integrate, judge, resources
from suite.usage import Sample
from suite.verdicts import Verdict

CURVE = [
    sample(0.0, controllers=2),
    sample(1.0, controllers=2, datasets=1),
    sample(2.0, controllers=3, runtime_controllers=1, datasets=1, workers=5, worker_memory_bytes=10),
    sample(
        4.0,
        controllers=3,
        runtime_controllers=1,
        datasets=1,
        workers=5,
        applications=4,
        finished=1,
        cached_bytes=100,
        bound=frozenset({"demo-data"}),
    ),
    sample(5.0, controllers=3, runtime_controllers=1, workers=5, cached_bytes=100),
    sample(6.0, controllers=3, runtime_controllers=1),
    sample(8.0, controllers=2),
]


def workers(seen: Sample) -> float:
    return seen.workers


def test_a_sample_holds_until_the_next_one() -> None:
    whole = integrate(CURVE, workers, start=0.0, end=8.0)

    assert whole.value == 5 * 2 + 5 * 1 + 5 * 1
    assert (whole.seen_seconds, whole.gap_seconds) == (8.0, 0.0)


def test_a_window_takes_its_share_of_the_samples_at_its_ends() -> None:
    part = integrate(CURVE, workers, start=3.5, end=5.25)

    assert part.value == pytest.approx(5 * 1.75)
    assert part.trustworthy


def test_nothing_is_integrated_over_a_gap_and_the_gap_is_told() -> None:
    holey = [sample(0.0, workers=1), sample(1.0, workers=1), sample(7.0, workers=1), sample(8.0)]
    whole = integrate(holey, workers, start=0.0, end=8.0)

    assert (whole.value, whole.seen_seconds, whole.gap_seconds) == (2.0, 2.0, 6.0)
    assert not whole.trustworthy
    assert "longer than 5 s: 1, the longest of 6.0 s" in gap_notice(holey)
    assert gap_notice(CURVE) == ""


def test_what_lies_outside_the_curve_is_a_gap() -> None:
    beyond = integrate(CURVE, workers, start=7.0, end=10.0)

    assert (beyond.seen_seconds, beyond.gap_seconds) == (1.0, 2.0)
    assert not integrate([], workers, start=0.0, end=1.0).trustworthy


def test_resources_run_from_the_first_dataset_to_the_last_sample() -> None:
    found = resources(CURVE, [0.02, 0.03, 0.05])

    assert found["dataPlane"] == {
        "podSeconds": 20.0,
        "memoryByteSeconds": 20.0,
        "cachedByteSeconds": 200.0,
        "peakPods": 5,
        "peakMemoryBytes": 10,
        "peakCachedBytes": 100,
    }
    assert found["controlPlane"]["podSeconds"] == 2 * 1 + 3 * 6
    assert found["applications"]["podSeconds"] == 3 * 1
    assert found["applications"]["peakPods"] == 3
    assert (found["seenSeconds"], found["gapSeconds"], found["sampleCostSeconds"]) == (7.0, 0.0, 0.03)


def test_the_way_to_zero_is_counted_from_the_last_sight_of_a_living_dataset() -> None:
    found = resources(CURVE, [])

    assert found["timeToZeroSeconds"] == 2.0
    assert found["controllersToZeroSeconds"] == 4.0


def test_zero_that_was_not_reached_or_never_left_is_absent() -> None:
    assert "timeToZeroSeconds" not in resources(CURVE[:5], [])
    still = [sample(0.0, datasets=1), sample(1.0), sample(2.0)]
    assert "controllersToZeroSeconds" not in resources(still, [])


def test_a_run_without_a_dataset_used_nothing_that_could_be_told() -> None:
    assert resources([sample(0.0), sample(1.0)], []) == {}
    assert resources([], []) == {}


def test_a_curve_from_zero_over_a_peak_to_zero_passes() -> None:
    assert judge(CURVE, swept_at=7.5, least_cached=100) == (Verdict.PASS, "")


def test_without_a_bound_dataset_nothing_is_judged() -> None:
    assert judge([sample(0.0), sample(1.0, datasets=1)], swept_at=0.5, least_cached=0) is None


@pytest.mark.parametrize(
    ("curve", "least", "verdict", "told"),
    [
        ([sample(0.0, workers=1), *CURVE[1:]], 0, Verdict.FAIL, "begins at 0.0 s with 1 workers"),
        (CURVE[:5], 0, Verdict.FAIL, "ends at 5.0 s with 5 workers, 0 other pods, 100 cached bytes"),
        ([*CURVE, sample(9.0, cached_bytes=1)], 0, Verdict.FAIL, "ends at 9.0 s with 0 workers"),
        ([*CURVE, sample(9.0, applications=1)], 0, Verdict.FAIL, "1 other pods"),
        ([CURVE[0], sample(1.0, bound=frozenset({"x"})), CURVE[-1]], 0, Verdict.VOID, "none of 3 samples saw a worker"),
        (CURVE, 101, Verdict.VOID, "at most 100 cached bytes were seen, readers left 101"),
    ],
)
def test_a_curve_that_is_not_at_zero_fails_and_a_blind_one_is_void(
    curve: list[Sample], least: int, verdict: Verdict, told: str
) -> None:
    judged = judge(curve, swept_at=4.5, least_cached=least)

    assert judged is not None
    assert judged[0] is verdict, judged
    assert told in judged[1]


def test_a_curve_that_ends_before_the_sweep_is_void() -> None:
    assert judge(CURVE, swept_at=8.5, least_cached=0) == (
        Verdict.VOID,
        "the last sample is of 8.00 s, the sweep ended at 8.50 s",
    )


def test_a_sample_is_not_before_the_sweep_because_it_is_rounded() -> None:
    assert judge(CURVE, swept_at=8.004, least_cached=0) == (Verdict.PASS, "")
