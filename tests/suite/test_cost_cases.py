"""A case of the cost model is measured, proven and paid for as its pods were seen; anything else is absent."""

from typing import Any

import pytest
from usage_samples import sample

from suite.cost.cases import Case, measured
from suite.cost.prices import load
from suite.cost.report import cost
from suite.scenario import Arithmetic
from suite.verdicts import TestResult, Verdict

BEGAN = 1000.0  # of the run, since the epoch
RUN = Arithmetic(readers=2, object_bytes=1000, origin_bytes_per_second=100)  # 20 s direct, 10 s cold
DATASET = "demo-data"


def result(name: str, *, start: float, end: float, **changed: Any) -> TestResult:  # noqa: ANN401 - fields of a measurement
    origin = {"direct": 2000, "cold": 1000}.get(name, 0)
    seconds = end - start
    figure = {
        "name": f"{name}-read",
        "samples": 2,
        "void": 0,
        "readBytes": 2000,
        "originBytes": origin,
        "seconds": seconds,
        "perReader": [{"seconds": seconds}, {"seconds": seconds - 1}],
    }
    dataset = "" if name == "direct" else DATASET
    phase = {"name": name, "start": BEGAN + start, "end": BEGAN + end, "dataset": dataset}
    return ended({"measurements": [figure | changed], "phases": [phase]})


def ended(facts: dict[str, Any]) -> TestResult:
    return TestResult(nodeid="t", requirements=(), verdict=Verdict.PASS, seconds=0, facts=facts)


def loading(seconds: float) -> TestResult:
    return ended({"measurements": [{"name": "dataload", "unit": "s", "value": seconds}]})


# Bound at 33 s; five workers of the Dataset, and one of another that must not be counted.
CURVE = [
    *(sample(float(at), controllers=2) for at in range(30)),
    *(sample(float(at), controllers=3, workers=6, workers_of={DATASET: 5, "other": 1}) for at in range(30, 33)),
    *(
        sample(float(at), controllers=3, workers=6, workers_of={DATASET: 5, "other": 1}, bound=frozenset({DATASET}))
        for at in range(33, 80)
    ),
    sample(80.0),
]
RESULTS = [
    result("direct", start=2, end=24),
    result("cold", start=40, end=52.5),
    result("warm", start=60, end=62),
]


def cases(*results: TestResult, curve: Any = CURVE) -> dict[str, Case]:  # noqa: ANN401 - a list of samples
    return measured(results, curve, began=BEGAN, arithmetic=RUN)


def section(*results: TestResult) -> dict[str, Any]:
    return cost(load(), cases(*results), RUN)


def row(found: dict[str, Any], name: str, part: str = "cases") -> dict[str, Any]:
    return next(each for each in found[part] if each["name"] == name)


def test_readers_pay_for_their_own_seconds_and_a_direct_read_for_no_cache() -> None:
    direct = row(section(*RESULTS), "direct")

    assert (direct["waitSeconds"], direct["predictedSeconds"]) == (22, 20)
    assert direct["errorShare"] == pytest.approx(2 / 22, abs=1e-4)
    assert direct["readerYuan"] == pytest.approx(0.008 * (22 + 21))
    assert (direct["cacheYuan"], direct["totalYuan"]) == (0, direct["readerYuan"])


def test_a_cold_read_pays_for_its_datasets_workers_from_their_start_and_for_the_controllers() -> None:
    cold = row(section(*RESULTS), "cold")

    assert cold["workerSeconds"] == pytest.approx(5 * (3 + 12.5))
    assert cold["cacheYuan"] == pytest.approx(0.008 * (5 + 3) * 15.5)
    assert cold["totalYuan"] == pytest.approx(cold["cacheYuan"] + 0.008 * 24)
    assert (cold["predictedSeconds"], cold["errorShare"]) == (10, 0.2)


def test_a_warm_read_pays_for_its_own_window_and_no_formula_predicts_it() -> None:
    warm = row(section(*RESULTS), "warm")

    assert warm["workerSeconds"] == pytest.approx(5 * 2)
    assert "predictedSeconds" not in warm
    even = warm["breakEvenWorkerPrice"]
    assert 0.008 * 3 + 0.008 * 3 * 2 + even * 10 == pytest.approx(0.008 * 43, rel=1e-4)


def test_a_load_is_paid_with_its_workers_and_predicted_by_the_formula() -> None:
    found = section(*RESULTS, loading(12.0), result("loaded", start=70, end=73))
    loaded = row(found, "loaded")

    assert (loaded["loadSeconds"], loaded["predictedLoadSeconds"]) == (12, 10)
    assert loaded["loadErrorShare"] == pytest.approx(2 / 12, abs=1e-4)
    assert loaded["workerSeconds"] == pytest.approx(5 * (3 + 12 + 3))
    assert loaded["cacheYuan"] == pytest.approx(0.008 * ((5 + 3) * 18 + 12))
    assert loaded["predictedSeconds"] == 2  # the warm read's
    assert row(found, "loaded", "scaled")["loadSeconds"] == pytest.approx(24 * 1.2)


def test_of_several_loads_none_is_taken_for_the_one_before_the_readers() -> None:
    found = cases(loading(12.0), loading(1.0), result("loaded", start=70, end=73))

    assert found["loaded"].load_seconds is None


def test_what_was_not_measured_is_absent_and_the_article_is_there_all_the_same() -> None:
    found = section(RESULTS[0])

    assert [each["name"] for each in found["cases"]] == ["direct"]
    assert [each["name"] for each in found["scaled"]] == ["direct"]
    assert section()["cases"] == []
    assert [each["yuan"] for each in section()["article"]] == [1920, 2061.58]


@pytest.mark.parametrize(
    "bad",
    [
        result("warm", start=60, end=62, originBytes=1),
        result("warm", start=60, end=62, void=1),
        result("warm", start=60, end=62, samples=1),
        result("warm", start=60, end=62, readBytes=1999),
        result("cold", start=60, end=62, originBytes=0),
        result("direct", start=60, end=62, originBytes=1999),
    ],
)
def test_a_case_that_is_not_proven_is_absent(bad: TestResult) -> None:
    assert cases(bad) == {}


def test_pods_that_the_curve_did_not_see_cost_nothing_that_could_be_told() -> None:
    holey = [each for each in CURVE if not 40 < each.seconds < 52]
    found = cases(*RESULTS, curve=holey)

    assert found["cold"].cache is None
    assert found["warm"].cache is not None
    assert "totalYuan" not in row(cost(load(), found, RUN), "cold")


def test_at_the_articles_size_the_formula_is_corrected_by_what_this_run_measured() -> None:
    found = section(*RESULTS)
    direct, cold, warm = (row(found, name, "scaled") for name in ("direct", "cold", "warm"))

    assert direct["waitSeconds"] == pytest.approx(2400 * 1.1)
    assert "× 1.100 as measured" in direct["basis"]
    # Here 2000 bytes in 2 s are 10 times the store's limit, more than the network of five workers gives: 300 s.
    assert (warm["waitSeconds"], warm["basis"]) == (300, "n × S × 8 ÷ the network of all workers")
    assert cold["waitSeconds"] == pytest.approx(300 * 1.25)
    assert warm["cacheYuan"] == pytest.approx(0.008 * (5 + 3) * 300)
    assert cold["cacheYuan"] == pytest.approx(0.008 * (5 + 3) * (60 + 375))


def test_a_cache_that_is_slow_here_is_slow_at_the_articles_size() -> None:
    warm = row(section(result("warm", start=50, end=60)), "warm", "scaled")

    assert warm["waitSeconds"] == 1200
    assert "2.0 times the store's limit" in warm["basis"]


def test_without_a_cap_no_formula_predicts_anything() -> None:
    uncapped = Arithmetic(readers=2, object_bytes=1000, origin_bytes_per_second=0)
    found = cost(load(), measured(RESULTS, CURVE, began=BEGAN, arithmetic=uncapped), uncapped)

    assert all("predictedSeconds" not in each for each in found["cases"])
    assert row(found, "direct", "scaled")["waitSeconds"] == 2400
