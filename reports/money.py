"""The picture of the money: what each way to the data costs, readers that wait and the cache that runs for them.

Rule: measured and predicted amounts never share a scale, and what was not reckoned is not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.drawing import scale
from reports.readings import PHASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.model import Report
    from reports.sections.cost import CostCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One case: two pieces of a bar, in per cent of the dearest case."""

    case: CostCase
    hue: str  # the scenario's phase; empty: none of them
    readers: float | None
    cache: float | None
    dearer: float | None  # than without a cache, as a factor; below 1 it saves


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """Cases on one scale."""

    name: str
    told: str
    stacks: tuple[Stack, ...]


def pictures(report: Report) -> tuple[Stacks, ...]:
    """Return the article's size, predicted, and this run, measured; a group without a case is left out."""
    if not report.cost:
        return ()
    groups = (
        ("At the article’s size", "predicted from this run", report.cost.scaled),
        ("This run", "measured", report.cost.cases),
    )
    return tuple(Stacks(name=name, told=told, stacks=_stacks(cases)) for name, told, cases in groups if cases)


def _stacks(cases: Sequence[CostCase]) -> tuple[Stack, ...]:
    share = scale(case.total_yuan for case in cases)
    without = next((case.total_yuan for case in cases if case.name == PHASES[0]), None)
    return tuple(
        Stack(
            case=case,
            hue=case.name if case.name in PHASES else "",
            readers=share(case.reader_yuan) if case.total_yuan is not None else None,
            cache=share(case.cache_yuan) if case.total_yuan is not None else None,
            dearer=case.total_yuan / without if case.total_yuan is not None and without else None,
        )
        for case in cases
    )
