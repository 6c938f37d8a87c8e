"""The cases of a run: who waited how long, and which pods the cache kept meanwhile, as measured.

Rule: a case counts only if all its readers verified all their bytes and the origin meter agrees with its name; any
other is absent. Its pods are integrated from the resource curve over the case's own window.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.resources import Quantity, integrate
from suite.scenario import Arithmetic
from suite.usage import Sample
from suite.verdicts import TestResult

NAMES = ("direct", "cold", "loaded", "warm")
DIRECT, COLD, LOADED, WARM = NAMES
LOAD = "dataload"  # the measurement of what a DataLoad took
FILLS = (COLD, LOADED)  # the cache is brought up and filled in these; the others find it as it is

Window = tuple[float, float]  # seconds of the run


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSeconds:
    """What the cache kept running for one case."""

    workers: float
    controllers: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way of reading, as the run measured it."""

    name: str
    readers: int
    wait_seconds: float  # from the common release to the slowest reader's last byte
    reader_seconds: float  # of all readers together
    load_seconds: float | None = None  # of the DataLoad before it
    cache: PodSeconds | None = None  # None: the curve does not show it


def measured(
    results: Iterable[TestResult], samples: Sequence[Sample], *, began: float, arithmetic: Arithmetic
) -> dict[str, Case]:
    """Return the proven cases by name, in the order of NAMES; `began` is the run's begin in seconds since the epoch."""
    found: dict[str, Case] = {}
    facts = [result.facts for result in results]
    loads = [load for each in facts for load in _loads(each)]
    for each in facts:
        phases = {phase["name"]: phase for phase in each.get("phases", [])}
        for figure in each.get("measurements", []):
            name = figure["name"].removesuffix("-read")
            if name in NAMES and name not in found and name in phases and _proven(name, figure, arithmetic):
                # The load of the same test, or the only one of the run: another one loaded something else.
                before = _loads(each) or loads
                load = before[0] if name == LOADED and len(before) == 1 else None
                found[name] = _case(name, figure, phases[name], samples, began=began, load=load)
    return {name: found[name] for name in NAMES if name in found}


def _loads(facts: Mapping[str, Any]) -> list[float]:
    return [figure["value"] for figure in facts.get("measurements", []) if figure["name"] == LOAD]


def _proven(name: str, figure: Mapping[str, Any], arithmetic: Arithmetic) -> bool:
    """Tell whether every reader got everything, and the origin gave what a case of this name takes from it."""
    size, readers, given = arithmetic.object_bytes, arithmetic.readers, figure["originBytes"]
    whole = figure["samples"] == readers and not figure["void"] and figure["readBytes"] == readers * size
    return bool(whole and {DIRECT: given >= readers * size, COLD: given >= size}.get(name, given == 0))


def _case(
    name: str,
    figure: Mapping[str, Any],
    phase: Mapping[str, Any],
    samples: Sequence[Sample],
    *,
    began: float,
    load: float | None,
) -> Case:
    reading, dataset = (phase["start"] - began, phase["end"] - began), phase.get("dataset", "")
    start = _bring_up(samples, dataset) if name in FILLS else None
    if name == DIRECT:
        cache: PodSeconds | None = PodSeconds(workers=0.0, controllers=0.0)
    elif name in FILLS and start is None:
        cache = None
    else:
        cache = _cache(samples, dataset, reading=reading, start=start, load=load or 0.0)
    return Case(
        name=name,
        readers=figure["samples"],
        wait_seconds=figure["seconds"],
        reader_seconds=sum(reader["seconds"] for reader in figure["perReader"]),
        load_seconds=load,
        cache=cache,
    )


def _bring_up(samples: Sequence[Sample], dataset: str) -> Window | None:
    """Return from when on a worker of the Dataset was seen, and from when on it was seen Bound."""
    first = next((sample.seconds for sample in samples if sample.workers_of.get(dataset)), None)
    bound = next((sample.seconds for sample in samples if dataset in sample.bound), None)
    return (first, max(first, bound)) if first is not None and bound is not None else None


def _cache(
    samples: Sequence[Sample], dataset: str, *, reading: Window, start: Window | None, load: float
) -> PodSeconds | None:
    """Return the pod-seconds of a Dataset's workers and of the control plane; None where the curve has no answer."""

    def held(of: Quantity) -> float | None:
        while_reading = integrate(samples, of, start=reading[0], end=reading[1])
        if not while_reading.trustworthy:
            return None
        # A load's own window is not known here: the cache holds as many pods in it as while it is read.
        mean = while_reading.value / while_reading.seen_seconds
        before = integrate(samples, of, start=start[0], end=start[1]).value if start else 0.0
        return before + mean * (reading[1] - reading[0] + load)

    workers, controllers = (
        held(lambda sample: sample.workers_of.get(dataset, 0)),
        held(lambda sample: sample.controllers),
    )
    if not workers or controllers is None:
        return None
    return PodSeconds(workers=workers, controllers=controllers + load)  # a load has a pod of its own
