"""What the formula gives: for the article, for this run's cases, and for the same cases at the article's size.

Rule: a prediction says what it rests on. What no formula gives is not predicted.
"""

from collections.abc import Mapping
from typing import Any

from suite.cost import model
from suite.cost.cases import COLD, DIRECT, LOADED, WARM, Case
from suite.cost.prices import Prices
from suite.scenario import Arithmetic


def article(prices: Prices) -> list[dict[str, Any]]:
    """Return what the article's formula gives for the model as it is spoken of, and for the file that dd makes."""
    rows = []
    for key in ("modelBytes", "fileBytes"):
        readers, size = prices.assumed("readers"), prices.assumed(key)
        seconds = model.wait_seconds(readers=readers, size=size, bits_per_second=prices.assumed("originBits"))
        paid = model.waiting_cost(price=prices.price("reader"), seconds=seconds, readers=readers)
        name = prices.assumptions[key].name
        rows.append({"name": name, "bytes": int(size), "seconds": round(seconds, 2), "yuan": round(paid, 2)})
    return rows


def predicted_seconds(cases: Mapping[str, Case], name: str, arithmetic: Arithmetic) -> tuple[float, str] | None:
    """Return the wait that the formula gives for a case of this run, and what it rests on; None: it gives none."""
    size, rate = arithmetic.object_bytes, arithmetic.origin_bytes_per_second
    if name == LOADED and WARM in cases:
        return cases[WARM].wait_seconds, "the wait measured with a warm cache"
    if name not in {DIRECT, COLD} or not rate:
        return None
    bits = rate * model.BITS
    if name == DIRECT:
        return model.wait_seconds(readers=arithmetic.readers, size=size, bits_per_second=bits), "formula n × S × 8 ÷ B"
    filling = model.wait_seconds(readers=1, size=size, bits_per_second=bits)
    if WARM in cases and cases[WARM].wait_seconds > filling:
        return cases[WARM].wait_seconds, "the wait measured with a warm cache, which is longer than S × 8 ÷ B"
    return filling, "formula S × 8 ÷ B"


def article_seconds(prices: Prices, cases: Mapping[str, Case], name: str, arithmetic: Arithmetic) -> tuple[float, str]:
    """Return what each reader waits at the article's size, and what that rests on."""
    readers, size, origin = prices.assumed("readers"), prices.assumed("modelBytes"), prices.assumed("originBits")
    off, told = _correction(cases, name, arithmetic)
    if name == DIRECT:
        seconds = model.wait_seconds(readers=readers, size=size, bits_per_second=origin)
        return seconds * off, f"formula n × S × 8 ÷ B{told}"
    shared, which = _cache_bits(prices, cases, arithmetic)
    filling = origin if name == COLD else None
    seconds = model.cached_seconds(readers=readers, size=size, bits_per_second=shared, start_bits=filling)
    return seconds * off, f"n × S × 8 ÷ {which}{told}"


def _correction(cases: Mapping[str, Case], name: str, arithmetic: Arithmetic) -> tuple[float, str]:
    predicted = predicted_seconds(cases, name, arithmetic) if name in {DIRECT, COLD} else None
    if predicted is None or not predicted[0]:
        return 1.0, ""
    factor = cases[name].wait_seconds / predicted[0]
    return factor, f", × {factor:.3f} as measured in this run"


def _cache_bits(prices: Prices, cases: Mapping[str, Case], arithmetic: Arithmetic) -> tuple[float, str]:
    """Return the bandwidth that all readers together get from the cache: the least of what is known to limit it."""
    limits = {
        "the network of all workers": prices.assumed("workers") * prices.assumed("workerBits"),
        "the network of all readers": prices.assumed("readers") * prices.assumed("readerBits"),
    }
    fast = cases.get(WARM) or cases.get(LOADED)
    if fast and arithmetic.origin_bytes_per_second:
        speed = fast.readers * arithmetic.object_bytes / fast.wait_seconds
        ratio = speed / arithmetic.origin_bytes_per_second
        limits[f"{ratio:.1f} times the store's limit, the ratio measured in this run"] = ratio * prices.assumed(
            "originBits"
        )
    which = min(limits, key=limits.__getitem__)
    return limits[which], which


def article_load(prices: Prices, case: Case, arithmetic: Arithmetic) -> float:
    """Return what a DataLoad takes at the article's size; 0 where the case has none."""
    if case.load_seconds is None:
        return 0.0
    origin, size = prices.assumed("originBits"), prices.assumed("modelBytes")
    filling = model.wait_seconds(readers=1, size=size, bits_per_second=origin)
    off = case.load_seconds / arithmetic.cold_seconds if arithmetic.cold_seconds else 1.0
    return filling * off
