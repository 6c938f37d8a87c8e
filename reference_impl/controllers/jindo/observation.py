"""What the workers say and how their pods fare: the data plane as it is now.

Rule: a worker is asked by its pod's address, briefly, all at once; one that does not answer is unknown, not an
error. What keeps a runtime from being ready is told in one line that does not change while the cause stays the
same.
"""

import http.client
import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from reference_impl.controllers.jindo.configuration import CONTROL_PORT
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import Object

ANSWER_SECONDS = 2.0
PARALLEL = 8
# Reasons for which a container waits in the normal course of a start.
STARTING = frozenset({"ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStats:
    """What one worker says of itself on GET /stats."""

    worker: str  # name of its pod
    ready: bool
    error: str | None
    ufs_total_bytes: int | None
    file_number: int | None
    cached_bytes: int
    quota_bytes: int
    hits: int
    misses: int


def is_running(pod: Object) -> bool:
    """Tell whether a pod has an address at which a worker may answer."""
    status = pod.get("status", {})
    return status.get("phase") == "Running" and bool(status.get("podIP"))


def read_stats(pods: Sequence[Object]) -> tuple[WorkerStats, ...]:
    """Ask every running worker; those that do not answer are left out."""
    running = [pod for pod in pods if is_running(pod)]
    if not running:
        return ()
    with ThreadPoolExecutor(max_workers=min(PARALLEL, len(running))) as threads:
        answers = threads.map(_ask, running)
        return tuple(answer for answer in answers if answer is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    seconds: float  # monotonic
    versions: tuple[str, ...]  # of the pods
    answers: tuple[WorkerStats, ...]


class LatestStats:
    """What the workers of each runtime said last.

    Who looks more often than the interval gets that again, as long as nothing has happened to the pods themselves:
    a worker that has become ready counts at once.
    """

    def __init__(
        self,
        *,
        interval_seconds: float,
        read: Callable[[Sequence[Object]], tuple[WorkerStats, ...]] = read_stats,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._clock = read, clock
        self._fresh_seconds = 0.9 * interval_seconds  # who comes again after the interval finds nothing fresh
        self._kept: dict[Key, _Said] = {}

    def of(self, key: Key, pods: Sequence[Object], *, now: bool) -> tuple[WorkerStats, ...]:
        """Return the answers of a runtime's workers; `now`: ask, however fresh the last ones are."""
        moment, versions = self._clock(), tuple(pod["metadata"]["resourceVersion"] for pod in pods)
        kept = self._kept.get(key)
        fresh = kept and kept.answers and kept.versions == versions and moment < kept.seconds + self._fresh_seconds
        if kept is None or now or not fresh:
            kept = self._kept[key] = _Said(seconds=moment, versions=versions, answers=self._read(pods))
        return kept.answers

    def forget(self, key: Key) -> None:
        """Drop what is known of a runtime that is gone."""
        self._kept.pop(key, None)


def _ask(pod: Object) -> WorkerStats | None:
    connection = http.client.HTTPConnection(pod["status"]["podIP"], CONTROL_PORT, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/stats")
        return parse_stats(pod["metadata"]["name"], json.loads(connection.getresponse().read()))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()


def parse_stats(worker: str, answer: Object) -> WorkerStats:
    """Return a worker's answer as values; KeyError, TypeError or ValueError when it is none."""
    total, number = answer["ufsTotalBytes"], answer["fileNum"]
    return WorkerStats(
        worker=worker,
        ready=bool(answer["ready"]),
        error=str(answer["error"]) if answer["error"] else None,
        ufs_total_bytes=None if total is None else int(total),
        file_number=None if number is None else int(number),
        cached_bytes=int(answer["cachedBytes"]),
        quota_bytes=int(answer["quotaBytes"]),
        hits=int(answer["hits"]),
        misses=int(answer["misses"]),
    )


def trouble(pods: Iterable[Object], stats: Iterable[WorkerStats]) -> str | None:
    """Return what keeps the workers from being ready, in one line; None while they are merely starting."""
    for answer in stats:
        if answer.error:
            return f"worker {answer.worker}: {answer.error}"
    for pod in sorted(pods, key=_name):
        if reason := _pod_trouble(pod):
            return f"worker {_name(pod)}: {reason}"
    return None


def waiting_for(pods: Sequence[Object], desired: int) -> str:
    """Return what a slow start waits for, in one line that names the first pod which has not started."""
    starting = min((pod for pod in pods if not is_running(pod)), key=_name, default=None)
    if starting is None:
        return f"0 of {desired} workers ready, {len(pods)} pods run"
    containers = starting.get("status", {}).get("containerStatuses", [])
    reasons = [container.get("state", {}).get("waiting", {}).get("reason") for container in containers]
    reason = next(filter(None, reasons), "Pending")
    return f"0 of {desired} workers ready, pod {_name(starting)} is in {reason}: its events say why"


def _name(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def _pod_trouble(pod: Object) -> str | None:
    status = pod.get("status", {})
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] not in STARTING:
            return _one_line(waiting["reason"], waiting.get("message", ""))
    for found in status.get("conditions", []):
        if found["type"] == "PodScheduled" and found["status"] == "False":
            return _one_line(found.get("reason", "Unschedulable"), found.get("message", ""))
    return None


def _one_line(reason: str, message: str) -> str:
    return f"{reason}: {' '.join(message.split())}" if message else reason
