"""Every container's restart and every pod's going in the control plane, from the baseline to the end of the run.

Rule: a controller that comes and goes takes its restart count along, so nothing is looked up at the end: all changes
are taken in as they happen, in windows that follow on each other without a gap. A gap is an error, never a pass.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fixtures.errors import InfrastructureError
from suite.cluster import ApiError, Cluster, Object
from suite.control_plane import MARK
from suite.errors import NothingObserved
from suite.fields import at, title

# The server sends a bookmark two seconds before a watch ends: a quiet namespace's version does not become too old.
WINDOW_SECONDS = 4
KINDS = {"Pod": "v1", "Deployment": "apps/v1"}


@dataclass(slots=True, kw_only=True)
class Life:
    """One pod of the control plane, as far as it was seen."""

    title: str
    deployment: str
    restarts: dict[str, int] = field(default_factory=dict)  # container -> the most that was seen
    came: int  # the version in which it was first seen
    going: int = 0  # the version in which it began to go; 0: it has not
    by_suite: bool = False


class ControlWatch:
    """Takes in changes in a thread of its own; `troubles` takes in the last ones and says what came of them."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster, self._namespace = cluster, namespace
        self._stopping, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, name="control watch", daemon=True)
        self._versions: dict[str, str] = {}
        self._lives: dict[str, Life] = {}  # by UID
        self._replicas: dict[str, dict[int, int]] = {}  # Deployment -> version -> wanted
        self._broken = ""

    def start(self) -> None:
        """Take in what is there, and every change from now on."""
        for kind, api_version in KINDS.items():
            found, self._versions[kind] = self._cluster.list_with_version(api_version, kind, self._namespace)
            for item in found:
                self._take_in(kind, item)
        if not self._lives:
            raise NothingObserved(f"no pod runs in {self._namespace}: there is nothing to watch")
        self._thread.start()

    def stop(self) -> None:
        """Take in no more; the thread ends with its window."""
        self._stopping.set()

    def began_at_zero(self) -> frozenset[str]:
        """Return the Deployments that wanted no replica at the beginning."""
        with self._lock:
            return frozenset(name for name, seen in self._replicas.items() if not seen[min(seen)])

    def rose(self) -> frozenset[str]:
        """Return the Deployments that have wanted a replica at any time."""
        with self._lock:
            return frozenset(name for name, seen in self._replicas.items() if any(seen.values()))

    def troubles(self) -> list[str]:
        """Return one line for each container that restarted and each pod that went although it was wanted."""
        self._collect(1)
        if self._broken:
            raise InfrastructureError(self._broken)
        with self._lock:
            lives = list(self._lives.values())
            died = [life for life in lives if life.going and not life.by_suite and not self._was_surplus(life)]
        lines = [
            f"{life.title} {container} restarted {count} times"
            for life in lives
            for container, count in life.restarts.items()
            if count
        ]
        return lines + [f"{life.title} went although Deployment {life.deployment} wanted it" for life in died]

    def watched(self) -> int:
        """Return how many pods were ever seen."""
        with self._lock:
            return len(self._lives)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._collect(WINDOW_SECONDS)
            except (ApiError, InfrastructureError, ValueError) as error:  # the last: an answer cut off in the middle
                self._broken = self._broken or f"the watch of the control plane broke off: {error}"
                return

    def _collect(self, seconds: int) -> None:
        with ThreadPoolExecutor(len(KINDS)) as windows:
            for done in [windows.submit(self._collect_kind, kind, seconds) for kind in KINDS]:
                done.result()

    def _collect_kind(self, kind: str, seconds: int) -> None:
        since = self._versions[kind]
        events = self._cluster.changes(KINDS[kind], kind, self._namespace, since=since, seconds=seconds)
        with self._lock:
            for event in events:
                if event["type"] != "BOOKMARK":
                    self._take_in(kind, event["object"], gone=event["type"] == "DELETED")
                # Two windows may overlap: what was taken in twice is the same, but time only goes forward.
                self._versions[kind] = max(self._versions[kind], _version(event["object"]), key=int)

    def _take_in(self, kind: str, found: Object, *, gone: bool = False) -> None:
        version = int(_version(found))
        if kind == "Deployment":
            self._replicas.setdefault(found["metadata"]["name"], {})[version] = at(found, "spec", "replicas") or 0
            return
        known = Life(title=title({"kind": kind, **found}), deployment=_deployment_of(found), came=version)
        life = self._lives.setdefault(found["metadata"]["uid"], known)
        life.by_suite = life.by_suite or MARK in (at(found, "metadata", "annotations") or {})
        if not life.by_suite:
            for status in at(found, "status", "containerStatuses") or []:
                life.restarts[status["name"]] = max(status["restartCount"], life.restarts.get(status["name"], 0))
        if gone or found["metadata"].get("deletionTimestamp") or at(found, "status", "phase") == "Failed":
            life.going = life.going or version

    def _was_surplus(self, life: Life) -> bool:
        """Tell whether a Deployment had more pods than it wanted when one of them began to go."""
        wanted = self._replicas.get(life.deployment, {})
        earlier = [version for version in wanted if version < life.going]
        others = (each for each in self._lives.values() if each.deployment == life.deployment)
        alive = [each for each in others if each.came <= life.going and not 0 < each.going < life.going]
        return bool(earlier) and len(alive) > wanted[max(earlier)]


def _version(found: Object) -> str:
    return str(found["metadata"]["resourceVersion"])


def _deployment_of(pod: Object) -> str:
    """Return the Deployment that a pod belongs to, by the name of its ReplicaSet, which ends with a hash of its own."""
    return str(at(pod, "metadata", "ownerReferences", 0, "name") or "").rpartition("-")[0]
