"""Ratios: two figures of one run divided by each other, and the bounds that make some of them gates.

Rule: a gate names both of its sides and what it takes; one that nobody could pass is a broken file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.fields import quote

if TYPE_CHECKING:
    from reports.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two figures."""

    name: str
    value: float | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A quotient of two figures of the same run."""

    name: str  # numerator/denominator, both as throughput: warm/direct 13 means that warm was 13 times as fast
    value: float | None
    low: float | None
    high: float | None
    floor: float | None  # the least that it must reach
    ceiling: float | None  # the most that it may reach
    numerator: Side | None
    denominator: Side | None
    rounds: int | None
    how: str  # one sentence: where, transport, pinning, page size, what is counted

    @property
    def is_gate(self) -> bool:
        """Whether anything is asked of it."""
        return self.floor is not None or self.ceiling is not None

    @property
    def holds(self) -> bool | None:
        """Whether it lies within its bounds; None where it has none, or was not measured."""
        if not self.is_gate or self.value is None:
            return None
        return (self.floor or 0) <= self.value <= (float("inf") if self.ceiling is None else self.ceiling)


def read(fields: Fields) -> Ratio:
    """Return one checked ratio."""
    ratio = Ratio(
        name=fields.text("name"),
        value=fields.number("value"),
        low=fields.number("low"),
        high=fields.number("high"),
        floor=fields.number("floor"),
        ceiling=fields.number("ceiling"),
        numerator=_side(fields.optional("numerator")),
        denominator=_side(fields.optional("denominator")),
        rounds=fields.whole("rounds"),
        how=fields.text("how", ""),
    )
    if ratio.ceiling is not None and ratio.floor is not None and ratio.ceiling < ratio.floor:
        raise fields.broken("ceiling", f"is {quote(ratio.ceiling)}, below its floor {quote(ratio.floor)}")
    return ratio


def _side(fields: Fields | None) -> Side | None:
    if fields is None:
        return None
    return Side(name=fields.text("name"), value=fields.number("value"), unit=fields.text("unit", ""))
