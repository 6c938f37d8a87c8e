"""Interleaved rounds: numerator, denominator, numerator, again and again, inside one benchmark of pytest-benchmark.

Rule: how many rounds there are follows from how long one takes; a gate that was missed, or that noise could hide, gets
its rounds repeated once, and the comparison says so. A side says of each sample whether it proves anything.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from suite.performance.benchmarks.http_client import Traffic
from suite.performance.benchmarks.processors import Others
from suite.performance.comparison import Comparison, Round
from suite.performance.gates import LARGEST_BLUR, Gate

FEWEST, MOST = 6, 30  # rounds
BUDGET_SECONDS = 7.0
BUSY = 0.9  # of the window a client was running: then it is the limit, or close to it
CREDIBLE = 0.5  # of the window a server ran at least, for its capacity to be inferred from its own time


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One window of one side."""

    figure: float
    void: str = ""  # why it proves nothing
    wrong: str = ""  # which bytes were not the object's


class Benchmark(Protocol):
    """The part of pytest-benchmark's fixture that is used here."""

    extra_info: dict[str, object]

    def pedantic(self, target: Callable[[], None], *, rounds: int) -> None:
        """Call `target` that often, each call timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a comparison."""

    name: str
    sample: Callable[[], Sample]


def compare(benchmark: Benchmark, gate: Gate, *, numerator: Side, denominator: Side, unit: str, how: str) -> Comparison:
    """Measure both sides in turns and keep the comparison with the benchmark."""
    series = _Series(numerator, denominator)
    began = time.perf_counter()
    series.turn()  # also warms both sides up
    rounds = max(FEWEST, min(MOST, int(BUDGET_SECONDS / (time.perf_counter() - began))))
    empty = Comparison(
        gate=gate.name, numerator=numerator.name, denominator=denominator.name, unit=unit, how=how, rounds=()
    )
    series.clear()
    others = Others()
    benchmark.pedantic(series.turn, rounds=rounds)
    found = replace(series.into(empty), others=others.share())
    if found.rounds and (gate.missed_by(found) or found.smallest_effect > LARGEST_BLUR):
        first, others = found.ratio.value, Others()
        series.clear()
        for _ in range(rounds):
            series.turn()
        found = replace(series.into(empty), first=first, others=others.share())
    benchmark.extra_info["comparison"] = found.as_data()
    return found


class _Series:
    def __init__(self, numerator: Side, denominator: Side) -> None:
        self._sides = (numerator, denominator, numerator)
        self.wrong = ""
        self.clear()

    def clear(self) -> None:
        self._rounds: list[Round] = []
        self._void: list[str] = []

    def turn(self) -> None:
        first, between, last = (side.sample() for side in self._sides)
        samples = (first, between, last)
        self.wrong = self.wrong or next((each.wrong for each in samples if each.wrong), "")
        if void := next((each.void for each in samples if each.void), ""):
            self._void.append(void)
        else:
            self._rounds.append(Round(numerator=(first.figure, last.figure), denominator=(between.figure,)))

    def into(self, comparison: Comparison) -> Comparison:
        return replace(comparison, rounds=tuple(self._rounds), void=tuple(self._void), wrong=self.wrong)


def capacity(traffic: Traffic, amount: int) -> Sample:
    """Return what a server gives per second of its own time.

    Time that others took from it is not its own. Its sleeping is, for sleeping is slow, but not where it had to wait
    for us: all of it where our client was always busy, else as much as others took from the client.
    """
    client, server = traffic.client, traffic.server
    sleeping = max(0.0, traffic.seconds - server.running - server.waiting)
    busy = client.running + client.waiting >= BUSY * traffic.seconds
    own = server.running + sleeping - (sleeping if busy else min(sleeping, client.waiting))
    share = server.running / (server.running + sleeping)
    if share < CREDIBLE and busy:
        return Sample(figure=0.0, void=f"the client was the limit: the server ran {share:.0%} of its time")
    return Sample(figure=amount / own, wrong=traffic.wrong)


def as_read(traffic: Traffic) -> Sample:
    """Return bytes per second as the reader got them: its own copying belongs to it, what others took does not."""
    return Sample(figure=traffic.bytes / (traffic.seconds - traffic.client.waiting), wrong=traffic.wrong)
