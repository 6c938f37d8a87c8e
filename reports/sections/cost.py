"""Cost: what waiting costs with and without a cache, from prices and assumptions that are named beside it.

Rule: a figure of money is as good as what it rests on, so prices, assumptions and the model's error come with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one unit costs, who says so, and since when."""

    name: str
    value: float
    unit: str
    source: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """What the model takes for granted."""

    name: str
    value: str
    unit: str
    source: str
    date: str  # empty: not said


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleCase:
    """The article's own numbers, for one reading of its units."""

    name: str
    bytes: float
    seconds: float
    yuan: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCase:
    """One way to get the data to all readers, measured or predicted."""

    name: str  # direct, cold, loaded, warm
    readers: int | None
    wait_seconds: float | None  # of every reader
    predicted_seconds: float | None
    error_share: float | None  # by which share of what was measured the prediction is off
    basis: str  # what the prediction rests on
    load_seconds: float | None  # of the DataLoad before it, for which no reader waits
    predicted_load_seconds: float | None
    load_error_share: float | None
    reader_yuan: float | None  # readers that wait
    cache_yuan: float | None  # pods that run for them
    total_yuan: float | None
    worker_seconds: float | None  # of all workers together
    break_even_worker_price: float | None  # per second; with dearer workers a cache costs more than it saves


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The whole of it."""

    currency: str
    prices: tuple[Price, ...]
    assumptions: tuple[Assumption, ...]
    article: tuple[ArticleCase, ...]
    cases: tuple[CostCase, ...]  # of this run
    scaled: tuple[CostCase, ...]  # the same at the article's size, predicted

    def scaled_case(self, name: str) -> CostCase | None:
        """Return one case at the article's size."""
        return next((case for case in self.scaled if case.name == name), None)

    def case(self, name: str) -> CostCase | None:
        """Return one case of this run."""
        return next((case for case in self.cases if case.name == name), None)


def read(fields: Fields | None) -> Cost | None:
    """Return the checked cost; None where the run did not reckon it."""
    if fields is None:
        return None
    return Cost(
        currency=fields.text("currency"),
        prices=tuple(_price(item) for item in fields.each("prices")),
        assumptions=tuple(_assumption(item) for item in fields.each("assumptions")),
        article=tuple(_article(item) for item in fields.each("article")),
        cases=tuple(_case(item) for item in fields.each("cases")),
        scaled=tuple(_case(item) for item in fields.each("scaled")),
    )


def _price(fields: Fields) -> Price:
    return Price(
        name=fields.text("name"),
        value=fields.needed("value"),
        unit=fields.text("unit", ""),
        source=fields.text("source"),
        date=fields.day("date"),
    )


def _assumption(fields: Fields) -> Assumption:
    return Assumption(
        name=fields.text("name"),
        value=fields.shown("value"),
        unit=fields.text("unit", ""),
        source=fields.text("source", ""),
        date=fields.day("date") if fields.take("date") is not None else "",
    )


def _article(fields: Fields) -> ArticleCase:
    return ArticleCase(
        name=fields.text("name"),
        bytes=fields.needed("bytes"),
        seconds=fields.needed("seconds"),
        yuan=fields.needed("yuan"),
    )


def _case(fields: Fields) -> CostCase:
    return CostCase(
        name=fields.text("name"),
        readers=fields.whole("readers"),
        wait_seconds=fields.number("waitSeconds"),
        predicted_seconds=fields.number("predictedSeconds"),
        error_share=fields.number("errorShare"),
        basis=fields.text("basis", ""),
        load_seconds=fields.number("loadSeconds"),
        predicted_load_seconds=fields.number("predictedLoadSeconds"),
        load_error_share=fields.number("loadErrorShare"),
        reader_yuan=fields.number("readerYuan"),
        cache_yuan=fields.number("cacheYuan"),
        total_yuan=fields.number("totalYuan"),
        worker_seconds=fields.number("workerSeconds"),
        break_even_worker_price=fields.number("breakEvenWorkerPrice"),
    )
