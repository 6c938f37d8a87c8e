"""A gate is green only on rounds, right bytes and less noise than it has to see."""

import json
from dataclasses import replace

import pytest

from suite.errors import GateMissed, NothingObserved, Void
from suite.performance.comparison import Comparison, Round, estimate
from suite.performance.gates import Gate
from suite.performance.recorded import keep
from suite.recording import Record

GATE = Gate(name="worker/nginx", floor=0.9)
EXACT = Gate(name="cold fan-in", floor=1.0, ceiling=1.0, exact=True)


def measured(*ratios: float, blur: float = 0.0, **more: object) -> Comparison:
    """Return rounds of these ratios; `blur` is how far the first half of a numerator is from the second."""
    rounds = tuple(Round(numerator=(100 * r * (1 + blur), 100 * r * (1 - blur)), denominator=(100.0,)) for r in ratios)
    usual = {"gate": "worker/nginx", "numerator": "worker", "denominator": "nginx", "unit": "byte/s", "how": "here"}
    return Comparison(**{**usual, "rounds": rounds, **more})  # type: ignore[arg-type]


def test_a_ratio_is_the_median_with_the_interval_that_order_statistics_give() -> None:
    # For 20 values the pair (6th, 15th) misses the median in 4.1 % of cases, (7th, 14th) in 11.5 %.
    assert estimate([float(number) for number in range(1, 21)]) == estimate([float(n) for n in range(20, 0, -1)])
    assert (estimate([float(number) for number in range(1, 21)]).low, estimate(range(1, 21)).high) == (6.0, 15.0)
    assert estimate([1.0, 2.0, 3.0]) == replace(estimate([2.0]), low=1.0, high=3.0)


@pytest.mark.parametrize("ratio", [0.9, 0.95, 2.0])
def test_a_ratio_at_or_above_its_floor_passes(ratio: float) -> None:
    GATE.judge(measured(*[ratio] * 9))


def test_a_ratio_below_its_floor_fails_with_both_sides() -> None:
    with pytest.raises(GateMissed, match=r"worker/nginx: 0\.80 .*worker 80 byte/s, nginx 100, 9 rounds; .* 0\.9"):
        GATE.judge(measured(*[0.8] * 9))


def test_a_repeated_ratio_says_so() -> None:
    with pytest.raises(GateMissed, match=r"repeated once, as the first rounds gave 0\.70"):
        GATE.judge(measured(*[0.8] * 9, first=0.7))


def test_no_round_at_all_is_an_error() -> None:
    with pytest.raises(NothingObserved, match="has no round at all"):
        GATE.judge(measured())


def test_rounds_that_prove_nothing_are_void() -> None:
    with pytest.raises(Void, match=r"9 of 9 rounds prove nothing, the first: the client was the limit"):
        GATE.judge(measured(void=("the client was the limit",) * 9))
    with pytest.raises(Void, match="5 of 9 rounds"):
        GATE.judge(measured(*[1.0] * 4, void=("x",) * 5))
    GATE.judge(measured(*[1.0] * 9, void=("x",)))


def test_wrong_bytes_fail_however_fast_they_came() -> None:
    with pytest.raises(GateMissed, match="throughput of wrong bytes is zero: byte 7"):
        GATE.judge(measured(*[5.0] * 9, wrong="byte 7"))


def test_noise_that_could_hide_a_tenth_is_void_unless_the_ratio_is_clearly_too_low() -> None:
    with pytest.raises(Void, match=r"A/A pair differs by up to 50%, more than 10%"):
        GATE.judge(measured(*[1.0] * 9, blur=0.2))
    with pytest.raises(GateMissed):
        GATE.judge(measured(*[0.4] * 9, blur=0.2))


def test_a_ratio_whose_interval_holds_the_floor_is_neither_kept_nor_missed() -> None:
    with pytest.raises(Void, match=r"0\.89 \(0\.80 to 0\.95\).*the floor of 0\.9 lies within the interval"):
        GATE.judge(measured(0.8, 0.8, 0.89, 0.89, 0.89, 0.95, 0.95))


def test_a_busy_machine_excuses_a_miss_only_where_the_sides_need_different_things_of_it() -> None:
    unlike = replace(GATE, alike=False)
    with pytest.raises(Void, match="others used 60% of all processors"):
        unlike.judge(measured(*[0.5] * 9, others=0.6))
    with pytest.raises(GateMissed):
        unlike.judge(measured(*[0.5] * 9, others=0.1))
    with pytest.raises(GateMissed):
        GATE.judge(measured(*[0.5] * 9, others=0.6))


@pytest.mark.parametrize("ratios", [(1.0, 1.0, 0.5), (1.0, 1.0001, 1.0)])
def test_an_exact_gate_is_kept_in_every_round(ratios: tuple[float, ...]) -> None:
    EXACT.judge(measured(1.0, 1.0, 1.0))
    with pytest.raises(GateMissed, match="at least 1 and no more than 1"):
        EXACT.judge(measured(*ratios))


def test_a_comparison_survives_the_way_through_json() -> None:
    before = measured(0.9, 1.1, first=0.7, void=("x",), others=0.2)

    assert Comparison.from_data(json.loads(json.dumps(before.as_data()))) == before


def test_the_report_gets_the_ratio_with_both_sides_also_where_it_is_missed() -> None:
    record = Record()
    keep(record, GATE, measured(*[0.5] * 9))

    (ratio,) = record.ratios
    assert (ratio["value"], ratio["floor"], ratio["rounds"]) == (0.5, 0.9, 9)
    assert ratio["numerator"] == {"name": "worker", "value": 50.0, "unit": "byte/s"}
    assert ratio["denominator"] == {"name": "nginx", "value": 100.0, "unit": "byte/s"}
    assert "ceiling" not in ratio
    assert [(each["name"], each["samples"]) for each in record.measurements] == [
        ("worker/nginx: worker", 18),
        ("worker/nginx: nginx", 9),
    ]


def test_nothing_is_kept_of_no_rounds() -> None:
    record = Record()
    keep(record, GATE, measured())

    assert not record.ratios
    assert not record.measurements
