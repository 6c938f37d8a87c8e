"""Gates: the ratios that must keep within bounds, each with its two sides.

Rule: a gate that was not measured does not hold; what it takes stands beside what it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports import wording
from reports.judgement import Tone

if TYPE_CHECKING:
    from reports.model import Report
    from reports.sections.ratios import Ratio, Side

LEAST, MOST = 1 / 2, 8  # times a bound: how far the common scale reaches
_SIGNS = {Tone.GOOD: "✓", Tone.BAD: "✕", Tone.OPEN: "?"}
_SAID = {Tone.GOOD: "holds", Tone.BAD: "fails", Tone.OPEN: wording.NOT_MEASURED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A gate on the scale that all gates share: times their bound, logarithmic; places in per cent."""

    bound: float
    value: float
    low: float | None
    high: float | None
    beyond: bool  # the value lies outside the scale and is drawn at its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One ratio with what is asked of it."""

    ratio: Ratio
    tone: Tone
    numerator: str
    denominator: str
    value: str
    asked: str
    strip: Strip | None

    @property
    def sign(self) -> str:
        """A mark that needs no colour."""
        return _SIGNS[self.tone]

    @property
    def said(self) -> str:
        """The mark in words."""
        return _SAID[self.tone]


def gates(report: Report) -> tuple[Gate, ...]:
    """Return all gates, those that do not hold first."""
    order = (Tone.BAD, Tone.OPEN, Tone.GOOD)
    found = [_gate(ratio) for ratio in report.ratios if ratio.is_gate]
    return tuple(sorted(found, key=lambda gate: order.index(gate.tone)))


def _gate(ratio: Ratio) -> Gate:
    tones = {None: Tone.OPEN, True: Tone.GOOD, False: Tone.BAD}
    return Gate(
        ratio=ratio,
        tone=tones[ratio.holds],
        numerator=_side(ratio.numerator),
        denominator=_side(ratio.denominator),
        value=wording.NOT_MEASURED if ratio.value is None else wording.digits(ratio.value),
        asked=_asked(ratio),
        strip=_strip(ratio),
    )


def _side(side: Side | None) -> str:
    return "" if side is None else f"{side.name} {wording.quantity(side.value, side.unit)}"


def _asked(ratio: Ratio) -> str:
    if ratio.floor is not None and ratio.floor == ratio.ceiling:
        return f"= {wording.bound(ratio.floor)}"
    pieces = [f"≥ {wording.bound(ratio.floor)}"] if ratio.floor is not None else []
    pieces += [f"≤ {wording.bound(ratio.ceiling)}"] if ratio.ceiling is not None else []
    return ", ".join(pieces)


def _strip(ratio: Ratio) -> Strip | None:
    bound = ratio.ceiling if ratio.floor is None else ratio.floor
    if not bound or ratio.value is None:
        return None

    def place(value: float) -> float:
        share = min(max(value / bound, LEAST), MOST)
        return round(100 * math.log(share / LEAST) / math.log(MOST / LEAST), 2)

    return Strip(
        bound=place(bound),
        value=place(ratio.value),
        low=None if ratio.low is None else place(ratio.low),
        high=None if ratio.high is None else place(ratio.high),
        beyond=not LEAST <= ratio.value / bound <= MOST,
    )
