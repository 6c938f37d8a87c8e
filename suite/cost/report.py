"""The report's `cost`: the article's own numbers, the measured cases, and the same cases at the article's size.

Rule: beside every prediction stand what it rests on and by how much it was off where it was measured.
"""

from collections.abc import Mapping
from typing import Any

from suite.cost import model
from suite.cost.cases import DIRECT, FILLS, Case, PodSeconds
from suite.cost.predictions import article, article_load, article_seconds, predicted_seconds
from suite.cost.prices import CURRENCY, Prices, load
from suite.scenario import Arithmetic


def cost(prices: Prices, cases: Mapping[str, Case], arithmetic: Arithmetic) -> dict[str, Any]:
    """Return the section as plain data; cases that were not measured are absent from it."""
    return {
        "currency": CURRENCY,
        "prices": [figure.as_data() for figure in prices.prices.values()],
        "assumptions": [figure.as_data() for figure in prices.assumptions.values()],
        "article": article(load()),
        "cases": [_measured(prices, cases, case, arithmetic) for case in cases.values()],
        "scaled": [_scaled(prices, cases, case, arithmetic) for case in cases.values()],
    }


def _measured(prices: Prices, cases: Mapping[str, Case], case: Case, arithmetic: Arithmetic) -> dict[str, Any]:
    row: dict[str, Any] = {"name": case.name, "readers": case.readers, "waitSeconds": round(case.wait_seconds, 3)}
    if predicted := predicted_seconds(cases, case.name, arithmetic):
        seconds, basis = predicted
        share = model.error_share(predicted=seconds, measured=case.wait_seconds)
        row |= {"predictedSeconds": round(seconds, 3), "errorShare": round(share, 4), "basis": basis}
    if case.load_seconds is not None:
        row |= _load(case.load_seconds, arithmetic)
    return row | _paid(prices, case, direct=cases.get(DIRECT))


def _load(seconds: float, arithmetic: Arithmetic) -> dict[str, Any]:
    row: dict[str, Any] = {"loadSeconds": round(seconds, 3)}
    if filling := arithmetic.cold_seconds:
        share = model.error_share(predicted=filling, measured=seconds)
        row |= {"predictedLoadSeconds": round(filling, 3), "loadErrorShare": round(share, 4)}
    return row


def _paid(prices: Prices, case: Case, *, direct: Case | None) -> dict[str, Any]:
    """Return what readers and cache cost, and the price of a worker up to which that is less than without a cache."""
    readers = prices.price("reader") * case.reader_seconds
    row: dict[str, Any] = {"readerYuan": round(readers, 4)}
    if case.cache is None:
        return row
    controllers = prices.price("controller") * case.cache.controllers
    cache = prices.price("worker") * case.cache.workers + controllers
    row |= {"cacheYuan": round(cache, 4), "totalYuan": round(readers + cache, 4)}
    if direct is not None and case.cache.workers:
        without = prices.price("reader") * direct.reader_seconds
        even = model.break_even(without=without, readers=readers, other=controllers, pod_seconds=case.cache.workers)
        row |= {"workerSeconds": round(case.cache.workers, 2)}
        row |= {"breakEvenWorkerPrice": round(even, 6)} if even else {}
    return row


def _scaled(prices: Prices, cases: Mapping[str, Case], case: Case, arithmetic: Arithmetic) -> dict[str, Any]:
    """Return a case at the article's size: the formula, corrected by how far it was off in this run."""
    seconds, basis = article_seconds(prices, cases, case.name, arithmetic)
    readers = prices.assumed("readers")
    loading = article_load(prices, case, arithmetic)
    kept = (prices.assumed("startSeconds") if case.name in FILLS else 0.0) + loading + seconds
    pods = 0.0 if case.name == DIRECT else kept
    big = Case(
        name=case.name,
        readers=int(readers),
        wait_seconds=seconds,
        reader_seconds=seconds * readers,
        cache=PodSeconds(
            workers=pods * prices.assumed("workers"), controllers=pods * prices.assumed("controllers") + loading
        ),
    )
    direct = cases.get(DIRECT)
    if direct:
        without, _ = article_seconds(prices, cases, DIRECT, arithmetic)
        direct = Case(name=DIRECT, readers=int(readers), wait_seconds=without, reader_seconds=without * readers)
    row: dict[str, Any] = {"name": case.name, "waitSeconds": round(seconds, 1), "basis": basis}
    return row | ({"loadSeconds": round(loading, 1)} if loading else {}) | _paid(prices, big, direct=direct)
