"""The article's arithmetic gives the article's numbers, to the digit, and its edges are told apart."""

import pytest

from suite.cost import model
from suite.cost.predictions import article
from suite.cost.prices import load


def test_the_article_waits_2400_seconds_and_pays_1920_yuan() -> None:
    seconds = model.wait_seconds(readers=100, size=30_000_000_000, bits_per_second=10_000_000_000)

    assert seconds == 2400
    assert model.waiting_cost(price=0.008, seconds=seconds, readers=100) == pytest.approx(1920)
    assert model.waiting_cost(price=0.008, seconds=seconds, readers=1) == pytest.approx(19.2)


def test_the_file_that_dd_makes_takes_longer_and_both_stand_in_the_report() -> None:
    spoken, made = article(load())

    assert (spoken["bytes"], spoken["seconds"], spoken["yuan"]) == (30_000_000_000, 2400, 1920)
    assert (made["bytes"], made["seconds"], made["yuan"]) == (32_212_254_720, 2576.98, 2061.58)


def test_a_cache_is_as_slow_as_the_slower_of_its_filling_and_its_readers() -> None:
    sizes = {"readers": 100, "size": 30_000_000_000}

    assert model.cached_seconds(**sizes, bits_per_second=80e9, start_bits=10e9) == pytest.approx(300)
    assert model.cached_seconds(**sizes, bits_per_second=8e12, start_bits=10e9) == pytest.approx(24)
    assert model.cached_seconds(**sizes, bits_per_second=8e12, start_bits=None) == pytest.approx(3)


def test_an_error_is_a_share_of_what_was_measured_in_either_direction() -> None:
    assert model.error_share(predicted=8, measured=10) == pytest.approx(0.2)
    assert model.error_share(predicted=12, measured=10) == pytest.approx(0.2)


def test_a_cache_pays_up_to_the_price_that_eats_what_it_saves() -> None:
    even = model.break_even(without=10, readers=2, other=1, pod_seconds=50)

    assert even == pytest.approx(0.14)
    assert 2 + 1 + 50 * even == pytest.approx(10)


@pytest.mark.parametrize(("readers", "other"), [(10, 0), (9, 1), (11, 3)])
def test_where_nothing_is_saved_no_price_is_low_enough(readers: float, other: float) -> None:
    assert model.break_even(without=10, readers=readers, other=other, pod_seconds=50) is None
