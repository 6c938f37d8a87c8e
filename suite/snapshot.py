"""What exists: every object of the API and every trace on the nodes, at one moment.

Rule: a snapshot lists all kinds that the server can list, not those that we thought of. Left out is only what
changes by itself: events, leases, and the bookkeeping that Kubernetes derives from Services.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fixtures.targets import NodeObservation, Target
from suite.cluster import ApiError, Cluster, Object
from suite.errors import NothingObserved

# Derived or self-renewing: their presence says nothing that their owner does not say already.
SELF_CHANGING = frozenset({"Event", "Lease", "EndpointSlice", "Endpoints", "ControllerRevision", "ComponentStatus"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Trace:
    """One thing that exists: an object, a label, a mount, a process, or cached bytes on a node."""

    sort: str  # object, label, mount, process, bytes
    where: str  # namespace or node, "" for cluster-wide objects
    name: str  # Kind/name, label key=value, path, command, directory
    uid: str = ""  # of the object or of the process's pod

    def __str__(self) -> str:
        """Return one line for a report."""
        return f"{self.sort} {self.name}" + (f" in {self.where}" if self.where else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All traces at one moment, and the nodes' own view in full."""

    traces: frozenset[Trace]
    cached_bytes: int

    def of(self, sort: str) -> frozenset[Trace]:
        """Return the traces of one sort."""
        return frozenset(trace for trace in self.traces if trace.sort == sort)


def take(cluster: Cluster, target: Target) -> Snapshot:
    """Look at everything; raises NothingObserved when that shows no object or no node at all."""
    traces: set[Trace] = set()
    for resource in cluster.resources():
        if "list" not in resource.verbs or resource.kind in SELF_CHANGING:
            continue
        try:
            items = cluster.request("GET", resource.path(None)).get("items", [])
        except ApiError as error:
            if error.status in {404, 405}:  # served, but not to be listed
                continue
            raise
        traces.update(_object(resource.kind, item) for item in items)
        if resource.kind == "Node":
            traces.update(label for item in items for label in _labels(item))
    nodes = target.observe()
    if not nodes or not traces:
        raise NothingObserved(
            f"a snapshot saw {len(traces)} objects and {len(nodes)} nodes: there is nothing to compare"
        )
    traces.update(trace for node in nodes for trace in _on(node))
    return Snapshot(traces=frozenset(traces), cached_bytes=sum(file.bytes for node in nodes for file in node.files))


def _object(kind: str, item: Object) -> Trace:
    metadata: Mapping[str, Any] = item["metadata"]
    where = metadata.get("namespace", "")
    return Trace(sort="object", where=where, name=f"{kind}/{metadata['name']}", uid=metadata.get("uid", ""))


def _labels(node: Object) -> Iterable[Trace]:
    for key, value in node["metadata"].get("labels", {}).items():
        yield Trace(sort="label", where=node["metadata"]["name"], name=f"{key}={value}")


def _on(node: NodeObservation) -> Iterable[Trace]:
    for mount in node.mounts:
        yield Trace(sort="mount", where=node.node, name=mount.path)
    for process in node.processes:
        yield Trace(sort="process", where=node.node, name=process.command[:120], uid=process.pod_uid)
    for file in node.files:
        if file.bytes:
            yield Trace(sort="bytes", where=node.node, name=file.path)
