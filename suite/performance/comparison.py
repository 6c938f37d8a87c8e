"""Two sides measured in turns, and what may be said of their ratio.

Rule: a ratio is taken within each round, so that what slows the machine for a while slows both sides; the value is the
median over the rounds, its interval the median's 95 % interval by order statistics, which asks nothing of the noise.
The numerator is measured twice in a round, around the denominator: the ratio of these two, which should be 1, says
how small an effect the rounds could have shown.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from suite.errors import NothingObserved

MISSED = 0.025  # how often the interval may miss the median, on each side


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One turn: figures of both sides, in the comparison's unit."""

    numerator: tuple[float, ...]
    denominator: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Return the mean of one side by that of the other; infinite where nothing came from the other."""
        below = statistics.fmean(self.denominator)
        return statistics.fmean(self.numerator) / below if below else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A median and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All rounds of one ratio."""

    gate: str
    numerator: str
    denominator: str
    unit: str
    how: str  # where, transport, pinning, page size, what is counted
    rounds: tuple[Round, ...]
    void: tuple[str, ...] = ()  # one reason for each round that proves nothing and is not among the rounds
    first: float | None = None  # the ratio of the rounds that these ones repeat
    others: float = 0.0  # which share of all processors others used meanwhile
    wrong: str = ""  # which bytes were not the object's

    @property
    def ratio(self) -> Estimate:
        """Return the ratio; NothingObserved without a round."""
        return estimate([each.ratio for each in self._observed()])

    def sides(self) -> tuple[Estimate, Estimate]:
        """Return the figures of numerator and denominator."""
        rounds = self._observed()
        above = estimate([figure for each in rounds for figure in each.numerator])
        return above, estimate([figure for each in rounds for figure in each.denominator])

    @property
    def smallest_effect(self) -> float:
        """Return how far from 1 the ratio of a side to itself may have been, e.g. 0.04; 0 where it was taken once."""
        pairs = [each.numerator for each in self._observed()]
        repeated = [first / second for first, second in (pair for pair in pairs if len(pair) > 1) if second]
        if not repeated:
            return 0.0
        same = estimate(repeated)
        return max(abs(same.low - 1), abs(same.high - 1))

    def as_data(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Comparison":
        """Undo `as_data`, also after a way through JSON."""
        rounds = tuple(Round(**{side: tuple(figures) for side, figures in each.items()}) for each in data["rounds"])
        return cls(**{**data, "rounds": rounds, "void": tuple(data["void"])})

    def _observed(self) -> tuple[Round, ...]:
        if not self.rounds:
            why = f"; all {len(self.void)} were void, the first: {self.void[0]}" if self.void else ""
            raise NothingObserved(f"{self.gate} has no round at all{why}")
        return self.rounds


def estimate(values: Sequence[float]) -> Estimate:
    """Return the median and its interval: the pair of order statistics that misses it in at most 5 % of cases."""
    ordered, count = sorted(values), len(values)
    rank, missed = 0, 1 / 2**count  # of the pair, from either end; how often the true median lies outside it
    while rank < (count - 1) // 2:
        missed += math.comb(count, rank + 1) / 2**count
        if missed > MISSED:
            break
        rank += 1
    return Estimate(value=statistics.median(ordered), low=ordered[rank], high=ordered[-1 - rank])
