"""The gates: what each ratio must reach, and when it may be said that it did.

Rule: green needs rounds, right bytes, and noise that is smaller than what the gate has to see. A ratio that is
clearly below its floor is red whatever the noise; below it, but with the floor within its interval, it is void. Where
the sides need different things of the machine, a busy machine can lower their ratio: missed then, it is void as well.
"""

from dataclasses import dataclass

from suite.errors import GateMissed, Void
from suite.performance.comparison import Comparison

LARGEST_BLUR = 0.1  # of the A/A pair: a tenth is what the floors of 0.9 have to see
MOST_VOID = 0.5  # of all rounds
MOST_OTHERS = 0.25  # of all processors, used by others meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One ratio and its bounds; an exact one has to keep them in every round."""

    name: str
    floor: float
    ceiling: float | None = None
    exact: bool = False
    alike: bool = True  # both sides need the same of the machine, so that others slow both

    def missed_by(self, comparison: Comparison) -> bool:
        """Tell whether the ratio lies beyond its bounds, noise or not."""
        ratios = [each.ratio for each in comparison.rounds] if self.exact else [comparison.ratio.value]
        return min(ratios) < self.floor or (self.ceiling is not None and max(ratios) > self.ceiling)

    def judge(self, comparison: Comparison) -> None:
        """Return when the gate is kept; GateMissed or Void say why it is not, NothingObserved that nothing was."""
        if comparison.wrong:
            raise GateMissed(f"{self.name}: throughput of wrong bytes is zero: {comparison.wrong}")
        rounds, void = len(comparison.rounds), len(comparison.void)
        if void and void >= MOST_VOID * (rounds + void):
            raise Void(f"{self.name}: {void} of {rounds + void} rounds prove nothing, the first: {comparison.void[0]}")
        told = f"{self.name}: {describe(comparison)}"
        missed, blur = self.missed_by(comparison), comparison.smallest_effect
        if blur > LARGEST_BLUR and not (missed and comparison.ratio.high < self.floor):
            raise Void(f"{told}; an A/A pair differs by up to {blur:.0%}, more than {LARGEST_BLUR:.0%}: too noisy")
        if missed and not self.alike and comparison.others > MOST_OTHERS:
            busy = f"others used {comparison.others:.0%} of all processors meanwhile, more than {MOST_OTHERS:.0%}"
            raise Void(f"{told}; {busy}: run it again on a quieter machine")
        if missed and not self.exact and comparison.ratio.high >= self.floor:
            raise Void(f"{told}; the floor of {self.floor:g} lies within the interval: neither kept nor missed")
        if missed:
            ceiling = "" if self.ceiling is None else f" and no more than {self.ceiling:g}"
            raise GateMissed(f"{told}; expected at least {self.floor:g}{ceiling}\n  how        {comparison.how}")


def describe(comparison: Comparison) -> str:
    """Return the ratio and both of its sides in words."""
    ratio, (above, below) = comparison.ratio, comparison.sides()
    first = "" if comparison.first is None else f", repeated once, as the first rounds gave {comparison.first:.2f}"
    sides = f"{comparison.numerator} {above.value:.4g} {comparison.unit}, {comparison.denominator} {below.value:.4g}"
    return f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f}), {sides}, {len(comparison.rounds)} rounds{first}"


WORKER_BULK = Gate(name="worker/nginx", floor=0.9)
WORKER_SMALL = Gate(name="worker/nginx 4 KiB", floor=0.9)
UNIX = Gate(name="unix/tcp", floor=3.0, alike=False)
PASSTHROUGH = Gate(name="warm/native", floor=0.9)
DIRECT_IO = Gate(name="warm/native direct I/O", floor=0.2, alike=False)
COLD = Gate(name="cold/cap", floor=0.9, alike=False)
FAN_IN = Gate(name="cold fan-in", floor=1.0, ceiling=1.0, exact=True)
