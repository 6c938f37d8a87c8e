"""A histogram of times, log-linear: every figure is at most 0.8 % away from the time that it stands for.

Rule: a time is counted, never rounded to a millisecond; the largest one is kept as it was; a figure of no samples
does not exist, so it is not 0.
"""

import math
from collections import Counter

LINEAR = 64  # buckets for each power of two: half a bucket is 1/128 of the time at most
PERCENTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}


class Histogram:
    """Counts times in seconds; two that were filled apart can be put together."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.largest = 0.0

    def record(self, seconds: float) -> None:
        """Count one time; ValueError for one that is negative or no number."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"{seconds!r} is no time")
        self._counts[_bucket(seconds)] += 1
        self.largest = max(self.largest, seconds)

    def merge(self, other: "Histogram") -> None:
        """Count everything that the other one has counted."""
        self._counts.update(other._counts)  # noqa: SLF001 - it is one of us
        self.largest = max(self.largest, other.largest)

    @property
    def samples(self) -> int:
        """How many times were counted."""
        return self._counts.total()

    def percentile(self, share: float) -> float:
        """Return the time (s) that `share` of all times do not exceed; ValueError when none was counted."""
        if not self.samples:
            raise ValueError("a percentile of no samples")
        wanted, seen = max(1, math.ceil(share * self.samples)), 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return min(_middle(bucket), self.largest)
        return self.largest

    def figures(self) -> dict[str, float] | None:
        """Return p50, p90, p99 and max in seconds; None when nothing was counted."""
        if not self.samples:
            return None
        return {name: self.percentile(share) for name, share in PERCENTILES.items()} | {"max": self.largest}


def _bucket(seconds: float) -> int:
    """Return the number of the bucket: LINEAR equal ones between each power of two and the next."""
    if seconds == 0:
        return -(1 << 31)  # below every other
    fraction, exponent = math.frexp(seconds)  # 0.5 <= fraction < 1
    return exponent * LINEAR + int((fraction * 2 - 1) * LINEAR)


def _middle(bucket: int) -> float:
    if bucket == -(1 << 31):
        return 0.0
    exponent, step = divmod(bucket, LINEAR)
    return math.ldexp((1 + (step + 0.5) / LINEAR) / 2, exponent)
