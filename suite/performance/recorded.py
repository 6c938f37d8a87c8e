"""A comparison as the report shows it: a ratio with both of its sides, and each side as a measurement.

Rule: figures are kept before they are judged, so that a red ratio is printed like a green one; nothing is kept of
what has no round.
"""

from suite.performance.comparison import Comparison, Estimate
from suite.performance.gates import Gate
from suite.recording import Figure, Record

DIGITS = 4


def keep(record: Record, gate: Gate, comparison: Comparison) -> None:
    """Keep ratio, sides and rounds."""
    record.observe("comparison", comparison.as_data())
    if not comparison.rounds:
        return
    ratio, (above, below) = comparison.ratio, comparison.sides()
    record.ratio(
        name=gate.name,
        value=_short(ratio.value),
        low=_short(ratio.low),
        high=_short(ratio.high),
        floor=gate.floor,
        ceiling=gate.ceiling,
        numerator=Figure(name=comparison.numerator, value=_short(above.value), unit=comparison.unit),
        denominator=Figure(name=comparison.denominator, value=_short(below.value), unit=comparison.unit),
        rounds=len(comparison.rounds),
        how=how(comparison),
    )
    for side, name, count in (
        (above, comparison.numerator, sum(len(each.numerator) for each in comparison.rounds)),
        (below, comparison.denominator, sum(len(each.denominator) for each in comparison.rounds)),
    ):
        record.measurement(
            name=f"{gate.name}: {name}",
            unit=comparison.unit,
            **_interval(side),
            samples=count,
            void=len(comparison.void),
        )


def how(comparison: Comparison) -> str:
    """Return how the ratio was obtained, with what the rounds could have shown."""
    blur = comparison.smallest_effect
    parts = [comparison.how, "median over interleaved rounds, with its 95 % interval"]
    if blur:
        parts.append(f"an A/A pair could have shown {blur:.1%}")
    parts.append(f"others used {comparison.others:.0%} of all processors meanwhile")
    if comparison.void:
        parts.append(f"{len(comparison.void)} rounds were void")
    if comparison.first is not None:
        parts.append(f"repeated once, as the first rounds gave {comparison.first:.2f}")
    return "; ".join(parts)


def _interval(side: Estimate) -> dict[str, float]:
    return {"value": _short(side.value), "low": _short(side.low), "high": _short(side.high)}


def _short(number: float) -> float:
    """Round to what is meant, not to what a float can hold."""
    return float(f"{number:.{DIGITS}g}")
