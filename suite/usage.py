"""What is in use at one moment: pods by their part in the scenario, cached bytes, memory.

Rule: whose a process or a volume is, its pod's UID says, also when the pod's object has gone already; so what outlives
its pod is still counted. What belongs to no pod that was ever seen stands in the total and in no part.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fixtures.targets import NodeObservation
from suite.cluster import Object

# Pods of a Dataset's cache carry this label (contract: FLUID-OBJ-WORKERLABEL-012).
WORKER_LABEL = "fluid.io/dataset"
# Pods that the webhook has put a client into carry this one (contract: FLUID-SIDECAR-LABEL-011).
INJECTED_LABEL = "done.sidecar.fluid.io/inject"
COPIES = "client-copies"  # how the volumes begin in which clients keep copies of their own
RUNTIME_CONTROLLER = "runtime-controller"  # how the Deployments of the cache systems' controllers end
ENDED = frozenset({"Succeeded", "Failed"})
# Volumes of these sorts hold what Kubernetes puts there, never what a cache keeps.
WRITTEN_BY_KUBERNETES = frozenset({"configMap", "secret", "projected", "downwardAPI"})


class Part(StrEnum):
    """What a pod is there for."""

    WORKER = "worker"
    APPLICATION = "application"
    CONTROLLER = "controller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is remembered of a pod beyond its life."""

    part: Part
    caches: frozenset[str]  # its volumes that hold cached bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was in use at one moment."""

    seconds: float  # since the start of the run
    pods: int  # outside the control plane's namespace
    workers: int  # of these, pods of caches
    applications: int  # all others of them
    finished: int  # applications that have ended and whose objects still exist
    controllers: int  # pods of the control plane that have not ended
    runtime_controllers: int  # replicas of all runtime controllers together
    datasets: int  # whose deletion nobody has asked for
    cached_bytes: int  # allocated on the nodes by caches, below host paths and by clients' copies
    nodes_with_cache: int
    memory_bytes: int  # of all pods' processes (PSS)
    worker_memory_bytes: int
    application_memory_bytes: int
    controller_memory_bytes: int
    workers_of: Mapping[str, int] = field(default_factory=dict)  # by Dataset, as its pods name it
    bound: frozenset[str] = frozenset()  # Datasets in phase Bound, named the same way

    @property
    def at_zero(self) -> bool:
        """Tell whether the data plane uses nothing."""
        return not (self.pods or self.cached_bytes)

    def as_data(self) -> dict[str, Any]:
        """Return the sample as the report has it."""
        return {
            "seconds": self.seconds,
            "pods": self.pods,
            "workers": self.workers,
            "applications": self.applications,
            "finishedApplications": self.finished,
            "controllers": self.controllers,
            "runtimeControllers": self.runtime_controllers,
            "datasets": self.datasets,
            "cachedBytes": self.cached_bytes,
            "nodesWithCache": self.nodes_with_cache,
            "memoryBytes": self.memory_bytes,
            "workerMemoryBytes": self.worker_memory_bytes,
            "applicationMemoryBytes": self.application_memory_bytes,
            "controllerMemoryBytes": self.controller_memory_bytes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the API and the nodes said at one moment."""

    nodes: Sequence[NodeObservation]
    pods: Sequence[Object]
    deployments: Sequence[Object]  # of the control plane's namespace
    datasets: Sequence[Object]


class Accountant:
    """Makes samples of looks; it remembers every pod that it ever saw."""

    def __init__(self, control_namespace: str) -> None:
        self._control = control_namespace
        self._known: dict[str, Known] = {}

    def sample(self, look: Look, *, seconds: float) -> Sample:
        """Return what was in use, by part."""
        self._known.update({pod["metadata"]["uid"]: self._place(pod) for pod in look.pods})
        pods = {part: [pod for pod in look.pods if self._known[pod["metadata"]["uid"]].part is part] for part in Part}
        workers, applications = pods[Part.WORKER], pods[Part.APPLICATION]
        cached = [cached_bytes(node, self._known) for node in look.nodes]
        memory = memory_by_part(look.nodes, self._known)
        return Sample(
            seconds=round(seconds, 2),
            pods=len(workers) + len(applications),
            workers=len(workers),
            applications=len(applications),
            finished=sum(_ended(pod) for pod in applications),
            controllers=sum(not _ended(pod) for pod in pods[Part.CONTROLLER]),
            runtime_controllers=_replicas(look.deployments),
            datasets=sum("deletionTimestamp" not in dataset["metadata"] for dataset in look.datasets),
            cached_bytes=sum(cached),
            nodes_with_cache=sum(1 for held in cached if held),
            memory_bytes=sum(memory.values()),
            worker_memory_bytes=memory[Part.WORKER],
            application_memory_bytes=memory[Part.APPLICATION],
            controller_memory_bytes=memory[Part.CONTROLLER],
            workers_of=_by_dataset(workers),
            bound=frozenset(_identity(each) for each in look.datasets if _phase(each) == "Bound"),
        )

    def _place(self, pod: Object) -> Known:
        labels = pod["metadata"].get("labels", {})
        own = own_volumes(pod)
        if pod["metadata"]["namespace"] == self._control:
            return Known(part=Part.CONTROLLER, caches=frozenset())
        if WORKER_LABEL in labels:
            return Known(part=Part.WORKER, caches=frozenset(own))
        copies = {name for name in own if name.startswith(COPIES) and labels.get(INJECTED_LABEL) == "true"}
        return Known(part=Part.APPLICATION, caches=frozenset(copies))


def own_volumes(pod: Object) -> set[str]:
    """Return the names of a pod's volumes that hold what the pod itself puts there."""
    return {volume["name"] for volume in pod["spec"].get("volumes", ()) if not WRITTEN_BY_KUBERNETES & set(volume)}


def held_by(pods: Iterable[Object], nodes: Iterable[NodeObservation], *, namespace: str) -> Mapping[str, int]:
    """Return the bytes in the pods' own volumes, by the pods' names, and under "" those below the namespace's paths."""
    owners = {
        f"/pods/{pod['metadata']['uid']}/volumes/{volume}": pod["metadata"]["name"]
        for pod in pods
        for volume in own_volumes(pod)
    }
    held = dict.fromkeys(owners.values(), 0) | {"": 0}
    for file in (file for node in nodes for file in node.files):
        below = not file.path.startswith("/pods/") and namespace in file.path.split("/")
        owner = "" if below else owners.get(file.path)
        if owner is not None:
            held[owner] += file.bytes
    return held


def cached_bytes(node: NodeObservation, known: Mapping[str, Known]) -> int:
    """Return the bytes that a node holds in volumes of workers, in clients' own copies, and below host paths."""
    return sum(file.bytes for file in node.files if _is_cache(file.path, known))


def _is_cache(path: str, known: Mapping[str, Known]) -> bool:
    if not path.startswith("/pods/"):
        return True
    uid, _, volume = path.removeprefix("/pods/").partition("/volumes/")
    return uid in known and volume in known[uid].caches


def memory_by_part(nodes: Iterable[NodeObservation], known: Mapping[str, Known]) -> Mapping[Part | None, int]:
    """Return the memory of all processes by their pods' parts; None: of pods that nobody saw."""
    found: dict[Part | None, int] = dict.fromkeys((*Part, None), 0)
    for process in (process for node in nodes for process in node.processes):
        owner = known.get(process.pod_uid)
        found[owner.part if owner else None] += process.memory_bytes
    return found


def _ended(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ENDED


def _replicas(deployments: Iterable[Object]) -> int:
    mine = (each for each in deployments if each["metadata"]["name"].endswith(RUNTIME_CONTROLLER))
    return sum(each.get("status", {}).get("replicas", 0) for each in mine)


def _by_dataset(workers: Iterable[Object]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for pod in workers:
        owner = pod["metadata"]["labels"][WORKER_LABEL]
        counts[owner] = counts.get(owner, 0) + 1
    return counts


def _identity(dataset: Object) -> str:
    return f"{dataset['metadata']['namespace']}-{dataset['metadata']['name']}"


def _phase(dataset: Object) -> str:
    return str(dataset.get("status", {}).get("phase", ""))
