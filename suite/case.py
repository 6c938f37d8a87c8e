"""A case: a namespace of its own, and what a test does in it.

Rule: everything that a case creates lies in its namespace or carries its name, so that the sweep can tell it apart;
the case remembers the UIDs of its pods for the time when they are gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from suite import waiting
from suite.cluster import Cluster, Object
from suite.waiting import Patience

DATA = "data.fluid.io/v1alpha1"
BOUND_SECONDS = 60.0
PVC_SECONDS = 20.0
RELEASE_SECONDS = 90.0


@dataclass(slots=True, kw_only=True)
class Case:
    """One namespace and what is observed in it."""

    cluster: Cluster
    namespace: str
    patience: Patience
    pod_uids: set[str] = field(default_factory=set)

    def create(self, *objects: Object) -> list[Object]:
        """Create objects in the case's namespace and return them as stored; AssertionError if one is refused."""
        return [self.cluster.expect_accepted(self.place(wanted)) for wanted in objects]

    def place(self, wanted: Object) -> Object:
        """Put an object into the case's namespace without creating it."""
        wanted["metadata"]["namespace"] = self.namespace
        return wanted

    def get(self, api_version: str, kind: str, name: str) -> Object | None:
        """Return an object of the case's namespace, or None."""
        return self.cluster.get(api_version, kind, name, self.namespace)

    def warnings(self, about: str) -> tuple[Object, ...]:
        """Return the Warning events about the objects of that name."""
        events = self.cluster.list("v1", "Event", self.namespace)
        return tuple(e for e in events if e.get("type") == "Warning" and e["involvedObject"].get("name") == about)

    def wait_warning(self, reason: str, *, kind: str, name: str, seconds: float) -> Object:
        """Wait for a Warning event with that reason about one object and return it."""

        def fitting(events: Sequence[Object]) -> list[Object]:
            return [e for e in events if e["reason"] == reason and e["involvedObject"].get("kind") == kind]

        seen = waiting.until(
            f"Warning event {reason} about {kind} {self.namespace}/{name}",
            lambda: self.warnings(name),
            lambda events: bool(fitting(events)),
            seconds=seconds,
            describe=lambda events: ", ".join(describe_event(e) for e in events) or "no Warning event about it",
            patience=self._patience(),
        )
        return fitting(seen)[0]

    def must_get(self, api_version: str, kind: str, name: str) -> Object:
        """Return an object of the case's namespace; AssertionError when it is not there."""
        found = self.get(api_version, kind, name)
        assert found is not None, f"{kind} {self.namespace}/{name} does not exist"  # noqa: S101 - a judgement
        return found

    def dataset(self, name: str) -> Object | None:
        """Return a Dataset of the case."""
        return self.get(DATA, "Dataset", name)

    def pods(self, selector: str = "") -> tuple[Object, ...]:
        """Return the case's pods and remember their UIDs."""
        found = self.cluster.list("v1", "Pod", self.namespace, selector=selector)
        self.pod_uids.update(pod["metadata"]["uid"] for pod in found)
        return found

    def wait_phase(self, name: str, phase: str, *, seconds: float = BOUND_SECONDS) -> Object:
        """Wait until a Dataset has a phase and return it."""
        return waiting.until(
            f"Dataset {self.namespace}/{name} in phase {phase}",
            lambda: self.dataset(name),
            lambda seen: phase_of(seen) == phase,
            seconds=seconds,
            describe=describe_dataset,
            patience=self._patience(),
        )

    def wait_bound(self, name: str, *, workers: int = 0, seconds: float = BOUND_SECONDS) -> Object:
        """Wait for Bound, then for the claim (it comes later), then for this many ready workers; return the Dataset."""
        self.wait_phase(name, "Bound", seconds=seconds)
        waiting.until(
            f"PVC {self.namespace}/{name} in phase Bound",
            # A claim that never comes is the implementation's failure, so "none" is something that was seen.
            lambda: self.get("v1", "PersistentVolumeClaim", name) or {},
            lambda seen: seen.get("status", {}).get("phase") == "Bound",
            seconds=PVC_SECONDS,
            describe=lambda seen: str(seen["status"].get("phase")) if seen else "no such claim",
            patience=self._patience(),
        )
        if workers:
            self.wait_workers(name, workers, seconds=seconds)
        bound = self.dataset(name)
        assert bound is not None  # noqa: S101 - seen a moment ago; told to the type checker
        return bound

    def wait_workers(self, name: str, workers: int, *, seconds: float = BOUND_SECONDS) -> Object:
        """Wait until the runtime reports this many ready workers and return it."""
        return waiting.until(
            f"JindoRuntime {self.namespace}/{name} with {workers} ready workers",
            lambda: self.get(DATA, "JindoRuntime", name),
            lambda seen: seen.get("status", {}).get("workerNumberReady", 0) >= workers,
            seconds=seconds,
            describe=lambda seen: f"{seen.get('status', {}).get('workerNumberReady', 0)} ready",
            patience=self._patience(),
        )

    def delete_dataset(self, name: str) -> None:
        """Ask for the Dataset's deletion; the runtime follows by its owner reference."""
        self.pods()
        if existing := self.dataset(name):
            self.cluster.delete(existing)

    def wait_released(self, name: str, *, seconds: float = RELEASE_SECONDS) -> None:
        """Wait until Dataset and runtime are gone; the Dataset goes first, so the runtime decides."""
        for kind in ("Dataset", "JindoRuntime"):
            self._wait_gone(DATA, kind, name, seconds=seconds)

    def delete_pods(self, names: Sequence[str], *, seconds: float = 40.0) -> None:
        """Delete pods and wait until they are gone."""
        self.pods()
        for name in names:
            if pod := self.get("v1", "Pod", name):
                self.cluster.delete(pod)
        for name in names:
            self._wait_gone("v1", "Pod", name, seconds=seconds)

    def leave(self) -> None:
        """Delete what there is of Datasets, and the namespace; the final sweep waits for it."""
        self.pods()
        for kind in ("Dataset", "JindoRuntime"):
            for left in self.cluster.list(DATA, kind, self.namespace):
                self.cluster.delete(left)
        self.cluster.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})

    def _wait_gone(self, api_version: str, kind: str, name: str, *, seconds: float) -> None:
        state = {"gone": False}

        def look() -> str:
            found = self.get(api_version, kind, name)
            state["gone"] = found is None
            return "gone" if found is None else f"there, finalizers {found['metadata'].get('finalizers', [])}"

        waiting.until(
            f"{kind} {self.namespace}/{name} gone",
            look,
            lambda _: state["gone"],
            seconds=seconds,
            describe=str,
            patience=self._patience(),
        )

    def _patience(self) -> Patience:
        return Patience(
            pause_seconds=self.patience.pause_seconds,
            alive=self.patience.alive,
            details=lambda: f"{self._troubles()}\n{self.patience.details()}",
        )

    def _troubles(self) -> str:
        """Return one line for each pod that is not well and for the last Warning events."""
        lines = [f"pod        {line}" for pod in self.pods() if (line := describe_trouble(pod))]
        events = [e for e in self.cluster.list("v1", "Event", self.namespace) if e.get("type") == "Warning"]
        events.sort(key=lambda e: str(e.get("lastTimestamp") or e.get("eventTime") or ""))
        lines += [f"event      {e['reason']} {e['involvedObject']['name']}: {e['message'][:300]}" for e in events[-3:]]
        return "\n".join(lines)


def phase_of(dataset: Object) -> str:
    """Return a Dataset's phase, '' when it has none yet."""
    return str(dataset.get("status", {}).get("phase", ""))


def condition(dataset: Object, kind: str) -> Object | None:
    """Return the condition of that type, or None."""
    found: list[Object] = [c for c in dataset.get("status", {}).get("conditions") or [] if c["type"] == kind]
    return found[0] if found else None


def describe_event(event: Object) -> str:
    """Return an event in one line."""
    return f"{event['reason']} about {event['involvedObject'].get('kind')}: {event.get('message', '')[:300]}"


def describe_dataset(dataset: Object) -> str:
    """Return phase and conditions in one line."""
    conditions = dataset.get("status", {}).get("conditions") or []
    told = ", ".join(f"{c['type']}={c['status']} {c.get('message', '')!r}" for c in conditions)
    return f"{phase_of(dataset) or 'no phase'}" + (f", condition {told}" if told else "")


def describe_trouble(pod: Object) -> str:
    """Return why a pod is neither running nor done, or ''."""
    status = pod.get("status", {})
    parts = []
    for container in status.get("containerStatuses", []):
        waiting_state = container.get("state", {}).get("waiting") or {}
        if waiting_state.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
            parts.append(f"{container['name']} {waiting_state['reason']}: {waiting_state.get('message', '')}")
        if container.get("restartCount"):
            parts.append(f"{container['name']} restarted {container['restartCount']} times")
    parts += [
        f"{c['reason']}: {c.get('message', '')}"
        for c in status.get("conditions", [])
        if c["type"] == "PodScheduled" and c["status"] == "False"
    ]
    return f"{pod['metadata']['name']} {status.get('phase')}: {'; '.join(parts)}" if parts else ""
