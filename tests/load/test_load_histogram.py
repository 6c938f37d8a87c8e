"""The load generator's histogram: its figures are within 1 % of the times themselves, also when put together."""

import importlib.util
import math
import random
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[2] / "suite" / "load" / "histogram.py"


def histogram() -> Any:  # noqa: ANN401 - of a program that is no package
    spec = importlib.util.spec_from_file_location("load_histogram", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Histogram()


def filled(times: list[float]) -> Any:  # noqa: ANN401 - as above
    made = histogram()
    for seconds in times:
        made.record(seconds)
    return made


@pytest.mark.parametrize("seconds", [1e-9, 7e-7, 0.001, 0.0019999, 0.002, 0.0995, 1.0, 59.9, 3600.0])
def test_one_time_is_told_within_one_percent(seconds: float) -> None:
    assert filled([seconds, 10 * seconds]).percentile(0.5) == pytest.approx(seconds, rel=0.01)


def test_percentiles_of_many_times_are_within_one_percent_of_the_nearest_rank() -> None:
    choice = random.Random(4711)  # noqa: S311 - the same times in every run
    times = [choice.lognormvariate(-4, 2) for _ in range(10_000)]
    made, ordered = filled(times), sorted(times)

    for share in (0.001, 0.1, 0.5, 0.9, 0.99, 0.9999):
        assert made.percentile(share) == pytest.approx(ordered[math.ceil(share * len(times)) - 1], rel=0.01), share


def test_two_put_together_are_one_that_saw_everything() -> None:
    choice = random.Random(1)  # noqa: S311 - the same times in every run
    times = [choice.expovariate(100) for _ in range(1000)]
    first, second = filled(times[:300]), filled(times[300:])
    first.merge(second)

    assert first.figures() == filled(times).figures()
    assert first.samples == 1000


def test_the_largest_time_is_exact_and_no_percentile_lies_above_it() -> None:
    made = filled([0.1, 0.123456789])

    assert made.figures()["max"] == 0.123456789
    assert made.figures()["p99"] <= 0.123456789


def test_a_stall_of_one_in_a_hundred_is_seen() -> None:
    made = filled([0.0004] * 98 + [0.959] * 2)

    assert made.percentile(0.5) == pytest.approx(0.0004, rel=0.01)
    assert made.percentile(0.99) == pytest.approx(0.959, rel=0.01)


def test_zero_is_a_time_and_nothing_is_none() -> None:
    assert filled([0.0, 0.0, 1.0]).percentile(0.5) == 0.0
    assert histogram().figures() is None
    with pytest.raises(ValueError, match="no samples"):
        histogram().percentile(0.5)


@pytest.mark.parametrize("seconds", [-1e-9, math.nan, math.inf])
def test_what_is_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="is no time"):
        histogram().record(seconds)
