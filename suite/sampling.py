"""The resource curve: pods, cached bytes and memory through the run, from zero to the peak and back.

Rule: a sample is what the API and the nodes say at that moment; a look that fails is a gap in the curve with its
reason in the notices, never an invented value.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from fixtures.errors import InfrastructureError
from fixtures.targets import NodeObservation, Target
from suite.cluster import ApiError, Cluster

# Pods of a Dataset's cache carry this label (contract: FLUID-OBJ-WORKERLABEL-012).
WORKER_LABEL = "fluid.io/dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was in use at one moment."""

    seconds: float  # since the start of the run
    pods: int  # outside the control plane's namespace
    cachedBytes: int  # noqa: N815 - the report's name; allocated on the nodes by cache pods and host paths
    memoryBytes: int  # noqa: N815 - of all pods' processes (PSS)
    nodesWithCache: int  # noqa: N815


class Sampler:
    """Takes samples in a thread of its own until it is stopped."""

    def __init__(self, cluster: Cluster, target: Target, *, began: float, control_namespace: str) -> None:
        self._cluster, self._target, self._began, self._control = cluster, target, began, control_namespace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self.samples: list[Sample] = []
        self.notices: list[str] = []

    def start(self, *, every_seconds: float = 1.0) -> None:
        """Begin to take samples."""
        self._every = every_seconds
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and no more; returns when the thread has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._guarded(self._sample)

    def as_data(self) -> list[dict[str, Any]]:
        """Return the samples as the report has them."""
        return [asdict(sample) for sample in self.samples]

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._guarded(self._sample)

    def _guarded(self, look: Callable[[], None]) -> None:
        try:
            look()
        except (ApiError, InfrastructureError, OSError) as error:
            if len(self.notices) < 5:  # noqa: PLR2004 - enough to understand, not to flood
                self.notices.append(f"no sample at {time.monotonic() - self._began:.0f} s: {error}")

    def _sample(self) -> None:
        pods = self._cluster.list("v1", "Pod")
        outside = [pod for pod in pods if pod["metadata"]["namespace"] != self._control]
        workers = {pod["metadata"]["uid"] for pod in outside if WORKER_LABEL in pod["metadata"].get("labels", {})}
        nodes = self._target.observe()
        cached = [(node, cached_bytes(node, workers)) for node in nodes]
        self.samples.append(
            Sample(
                seconds=round(time.monotonic() - self._began, 2),
                pods=len(outside),
                cachedBytes=sum(held for _, held in cached),
                nodesWithCache=sum(1 for _, held in cached if held),
                memoryBytes=sum(process.memory_bytes for node in nodes for process in node.processes),
            )
        )


def cached_bytes(node: NodeObservation, worker_uids: set[str]) -> int:
    """Return the bytes that a node holds in volumes of these pods and below host paths."""
    return sum(
        file.bytes
        for file in node.files
        if not file.path.startswith("/pods/") or file.path.split("/")[2] in worker_uids
    )
