"""DataLoads: what a user applies, waiting for their end, and what is seen of them.

Rule: an operation that has ended otherwise than was waited for ends the wait at once, with its conditions.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite import waiting
from suite.case import DATA, Case, describe_dataset, phase_of
from suite.cluster import Object
from suite.fields import at
from suite.origin import Cost

FINISHED = frozenset({"Complete", "Failed"})
ROLE = "dataload-pod"
GONE_SECONDS = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One DataLoad from its creation to its end."""

    created: Object
    ended: Object
    cost: Cost
    start: float  # seconds since the epoch: its creation
    end: float  # when it was seen to be finished

    @property
    def seconds(self) -> float:
        """How long its user waited."""
        return self.end - self.start


def data_load(name: str, *, dataset: str, namespace: str, paths: Sequence[str] = (), **spec: object) -> Object:
    """Return a DataLoad of a Dataset's data, all of it without paths."""
    target: Mapping[str, Any] = {"target": [{"path": path} for path in paths]} if paths else {}
    return {
        "apiVersion": DATA,
        "kind": "DataLoad",
        "metadata": {"name": name},
        "spec": {"dataset": {"name": dataset, "namespace": namespace}, **target, **spec},
    }


def wait_load(case: Case, name: str, phase: str, *, seconds: float = 60.0) -> Object:
    """Wait until a DataLoad has a phase and return it."""
    return waiting.until(
        f"DataLoad {case.namespace}/{name} in phase {phase}",
        lambda: case.get(DATA, "DataLoad", name),
        lambda seen: phase_of(seen) == phase,
        seconds=seconds,
        describe=describe_dataset,  # phase and conditions look alike
        hopeless=lambda seen: describe_dataset(seen) if phase_of(seen) in FINISHED else None,
        patience=case.patience,
    )


def finished(case: Case, name: str, *, seconds: float = 60.0) -> Object:
    """Wait until a DataLoad has ended, well or not, and return it."""
    return waiting.until(
        f"DataLoad {case.namespace}/{name} at its end",
        lambda: case.get(DATA, "DataLoad", name),
        lambda seen: phase_of(seen) in FINISHED,
        seconds=seconds,
        describe=describe_dataset,
        patience=case.patience,
    )


def run(case: Case, wanted: Object, *, cost: Cost, seconds: float) -> Load:
    """Create a DataLoad and wait until it is Complete; `cost` is filled in by whoever measures the origin."""
    start = time.time()
    (created,) = case.create(wanted)
    ended = wait_load(case, created["metadata"]["name"], "Complete", seconds=seconds)
    return Load(created=created, ended=ended, cost=cost, start=start, end=time.time())


def job_of(case: Case, name: str) -> Object | None:
    """Return the Job of a DataLoad."""
    return case.get("batch/v1", "Job", f"{name}-loader-job")


def pods_of(case: Case, name: str) -> tuple[Object, ...]:
    """Return the pods of a DataLoad."""
    return case.pods(f"role={ROLE},release={name}-loader")


def running_operations(case: Case, dataset: str) -> set[str]:
    """Return the names in operationRef of a Dataset for the kind DataLoad."""
    names = at(case.dataset(dataset), "status", "operationRef", "DataLoad") or ""
    return {name for name in str(names).split(",") if name}


def wait_gone(case: Case, name: str, *, seconds: float = GONE_SECONDS) -> None:
    """Wait until a DataLoad, its Job and its pods are gone."""

    def look() -> list[str]:
        there = [case.get(DATA, "DataLoad", name), job_of(case, name), *pods_of(case, name)]
        return [f"{found['kind']} {found['metadata']['name']}" for found in there if found]

    waiting.until(
        f"DataLoad {case.namespace}/{name} gone with its Job and pods",
        look,
        lambda there: not there,
        seconds=seconds,
        describe=lambda there: ", ".join(there) or "nothing of it",
        patience=case.patience,
    )


def wait_event(case: Case, reason: str, *, name: str, seconds: float = 30.0) -> Object:
    """Wait for an event of whatever type with that reason about a DataLoad and return it."""

    def look() -> list[Object]:
        events = case.cluster.list("v1", "Event", case.namespace)
        about = {("DataLoad", name)}
        return [e for e in events if (e["involvedObject"].get("kind"), e["involvedObject"].get("name")) in about]

    def fitting(events: Sequence[Object]) -> list[Object]:
        return [event for event in events if event["reason"] == reason]

    seen = waiting.until(
        f"event {reason} about DataLoad {case.namespace}/{name}",
        look,
        lambda events: bool(fitting(events)),
        seconds=seconds,
        describe=lambda events: ", ".join(event["reason"] for event in events) or "no event about it",
        patience=case.patience,
    )
    return fitting(seen)[0]
