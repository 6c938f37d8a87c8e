"""Status of runtime and Dataset, from what was observed.

Rule: pure. Numbers come from the workers; what is not known yet is said so in Fluid's word, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reference_impl.controllers.events import timestamp
from reference_impl.controllers.jindo.observation import WorkerStats
from reference_impl.controllers.jindo.quantity import format_percent, format_size
from reference_impl.controllers.metadata import with_condition
from reference_impl.controllers.names import RUNTIME_TYPE, WORKER_ROLE, Names
from reference_impl.kubernetes_api import Object

CALCULATING = "[Calculating]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The state of one runtime's workloads."""

    desired: int
    current: int  # pods that exist
    ready: int
    available: int
    fuse: Object  # status of the DaemonSet
    stats: tuple[WorkerStats, ...]

    @property
    def serving(self) -> tuple[WorkerStats, ...]:
        """Return the answers of the workers that can serve."""
        return tuple(answer for answer in self.stats if answer.ready and not answer.error)


def phase_of(ready: int, desired: int) -> str:
    """Return a component's phase; nothing asked for is ready."""
    if ready >= desired:
        return "Ready"
    return "PartialReady" if ready > 0 else "NotReady"


def cache_states(stats: Sequence[WorkerStats]) -> dict[str, str]:
    """Return the figures of the cache in Fluid's form."""
    cached, total = sum(answer.cached_bytes for answer in stats), _known_total(stats)
    hits, misses = sum(answer.hits for answer in stats), sum(answer.misses for answer in stats)
    return {
        "cacheCapacity": format_size(sum(answer.quota_bytes for answer in stats)),
        "cached": format_size(cached),
        "cachedPercentage": format_percent(cached, total or 0),
        "cacheHitRatio": format_percent(hits, hits + misses),
    }


def data_figures(stats: Sequence[WorkerStats]) -> dict[str, str]:
    """Return size and number of the files of the Dataset, as far as a worker knows them."""
    total = _known_total(stats)
    number = next((answer.file_number for answer in stats if answer.file_number is not None), None)
    return {
        "ufsTotal": CALCULATING if total is None else format_size(total),
        "fileNum": CALCULATING if number is None else str(number),
    }


def _known_total(stats: Sequence[WorkerStats]) -> int | None:
    return next((answer.ufs_total_bytes for answer in stats if answer.ufs_total_bytes is not None), None)


def runtime_status(names: Names, runtime: Object, observed: Observed, *, set_up: bool) -> dict[str, Any]:
    """Return the status of a JindoRuntime; a masterless runtime's master is ready with nothing asked for."""
    worker_phase = phase_of(observed.ready, observed.desired)
    conditions = (runtime.get("status") or {}).get("conditions") or []
    conditions = with_condition(conditions, _condition("WorkersInitialized", up=True, message="the objects exist"))
    message = f"{observed.ready} of {observed.desired} workers ready"
    up = worker_phase == "Ready" or (worker_phase == "PartialReady" and set_up)
    conditions = with_condition(conditions, _condition("WorkersReady", up=up, message=message))
    if set_up:
        conditions = with_condition(conditions, _condition("FusesReady", up=True, message="they start with pods"))
    return {
        "masterPhase": "Ready",
        "desiredMasterNumberScheduled": 0,
        "currentMasterNumberScheduled": 0,
        "masterNumberReady": 0,
        "workerPhase": worker_phase,
        "workerReason": "" if worker_phase == "Ready" else message,
        "desiredWorkerNumberScheduled": observed.desired,
        "currentWorkerNumberScheduled": observed.current,
        "workerNumberReady": observed.ready,
        "workerNumberAvailable": observed.available,
        "workerNumberUnavailable": max(0, observed.desired - observed.available),
        "fusePhase": "Ready" if set_up else "NotReady",
        "desiredFuseNumberScheduled": int(observed.fuse.get("desiredNumberScheduled", 0)),
        "currentFuseNumberScheduled": int(observed.fuse.get("currentNumberScheduled", 0)),
        "fuseNumberReady": int(observed.fuse.get("numberReady", 0)),
        "fuseNumberAvailable": int(observed.fuse.get("numberAvailable", 0)),
        "fuseNumberUnavailable": int(observed.fuse.get("numberUnavailable", 0)),
        "valueFile": names.config,
        "selector": f"release={names.name},role={WORKER_ROLE}",
        "conditions": conditions,
    } | ({"cacheStates": cache_states(observed.stats)} if observed.stats else {})


def bound_status(names: Names, observed: Observed, conditions: list[Object]) -> dict[str, Any]:
    """Return what a Dataset shows once its runtime serves; a NotReady of an earlier attempt is gone."""
    kept = [found for found in conditions if found["type"] != "NotReady"]
    ready = dataset_condition("Ready", status="True", reason="DatasetReady", message="the runtime serves the data")
    runtime = {"name": names.name, "namespace": names.namespace, "category": "Accelerate", "type": RUNTIME_TYPE}
    return {
        "phase": "Bound",
        "conditions": with_condition(kept, ready),
        "runtimes": [runtime],
        "hcfs": {"endpoint": "N/A"},  # it is the master's in Fluid, and there is none
        "cacheStates": cache_states(observed.serving),
        **data_figures(observed.serving),
    }


def unbound_status() -> dict[str, Any]:
    """Return what a Dataset shows without runtime; None takes a field away."""
    return {
        "phase": "NotBound",
        "conditions": [],
        "runtimes": [],
        "cacheStates": None,
        "ufsTotal": None,
        "fileNum": None,
        "hcfs": None,
    }


def dataset_condition(kind: str, *, status: str, reason: str, message: str) -> Object:
    """Return a condition of a Dataset without the times that `with_condition` keeps."""
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastUpdateTime": timestamp()}


def _condition(kind: str, *, up: bool, message: str) -> Object:
    return {"type": kind, "status": "True" if up else "False", "reason": kind, "message": message}
