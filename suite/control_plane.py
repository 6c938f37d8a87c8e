"""The control plane as the API shows it: which runtime controllers run, and how to take a part of it away for a while.

Rule: a part is known by its Deployment. What the suite ends itself carries a mark, so that nobody takes it for a death.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from suite import waiting
from suite.cluster import Cluster, Object
from suite.fields import at
from suite.waiting import Patience

MARK = "fluid-conformance/ended-by-suite"  # annotation of a pod
PUT_BACK = "fluid-conformance/put-back"  # annotation of a Deployment that we had deleted or taken to zero
RUNTIME_CONTROLLER = "runtime-controller"  # is the end of the name of every runtime controller's Deployment
OF_KUBERNETES = "deployment.kubernetes.io/"
CHANGE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """The Deployments of one namespace and their pods."""

    cluster: Cluster
    namespace: str
    patience: Patience

    def deployment(self, name: str) -> Object:
        """Return a Deployment as it is now; AssertionError when it is not there."""
        found = self.cluster.get("apps/v1", "Deployment", name, self.namespace)
        assert found is not None, f"Deployment {self.namespace}/{name} does not exist"  # noqa: S101 - a judgement
        return found

    def runtime_controllers(self) -> tuple[Object, ...]:
        """Return the Deployments of all runtime controllers."""
        deployments = self.cluster.list("apps/v1", "Deployment", self.namespace)
        return tuple(found for found in deployments if found["metadata"]["name"].endswith(RUNTIME_CONTROLLER))

    def pods_of(self, deployment: Object) -> tuple[Object, ...]:
        """Return a Deployment's pods, terminating ones included."""
        labels = deployment["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        return self.cluster.list("v1", "Pod", self.namespace, selector=selector)

    def wait_pods(self, name: str, count: int, *, seconds: float = CHANGE_SECONDS) -> tuple[Object, ...]:
        """Wait until a Deployment has exactly this many pods and all are ready; return them."""
        return waiting.until(
            f"Deployment {self.namespace}/{name} with {count} pods, all ready",
            lambda: self.pods_of(self.deployment(name)),
            lambda pods: len(pods) == count and all(map(is_ready, pods)),
            seconds=seconds,
            describe=lambda pods: f"{len(pods)} pods, {sum(map(is_ready, pods))} ready",
            patience=self.patience,
        )

    def scale(self, name: str, replicas: int) -> None:
        """Set the number of a Deployment's replicas, as an operator does."""
        self.cluster.patch(self.deployment(name), {"spec": {"replicas": replicas}}, subresource="/scale")

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Take a part of the control plane away for the enclosed part; afterwards it is ready again."""
        deployment = self.deployment(name)
        for pod in self.pods_of(deployment):
            self.cluster.patch(pod, {"metadata": {"annotations": {MARK: "taken away"}}})
        self.cluster.patch(deployment, {"metadata": {"annotations": {PUT_BACK: "true"}}})
        self.scale(name, 0)
        try:
            self.wait_pods(name, 0)
            yield
        finally:
            self.scale(name, deployment["spec"]["replicas"])
            self.wait_pods(name, deployment["spec"]["replicas"])

    @contextmanager
    def missing(self, name: str, *, annotations: Mapping[str, str]) -> Iterator[None]:
        """Delete a Deployment for the enclosed part; afterwards it is there again, with these annotations as well."""
        found = self.deployment(name)
        kept = {key: found["metadata"][key] for key in ("name", "namespace", "labels") if key in found["metadata"]}
        carried = found["metadata"].get("annotations") or {}
        mine = {key: value for key, value in carried.items() if not key.startswith(OF_KUBERNETES)}
        self.cluster.delete(found)
        try:
            yield
        finally:
            metadata = kept | {"annotations": {**mine, PUT_BACK: "true", **annotations}}
            self.cluster.create({**{key: found[key] for key in ("apiVersion", "kind", "spec")}, "metadata": metadata})

    def put_back(self) -> frozenset[str]:
        """Return the UIDs of the Deployments that we had taken away and put back, and of what they own."""
        known: set[str] = set()
        for kind, api_version in (("Deployment", "apps/v1"), ("ReplicaSet", "apps/v1"), ("Pod", "v1")):
            for found in self.cluster.list(api_version, kind, self.namespace):
                owners = {owner["uid"] for owner in found["metadata"].get("ownerReferences", [])}
                if owners & known or PUT_BACK in (at(found, "metadata", "annotations") or {}):
                    known.add(found["metadata"]["uid"])
        return frozenset(known)


def is_ready(pod: Object) -> bool:
    """Tell whether a pod runs, is ready and is not about to go."""
    conditions = at(pod, "status", "conditions") or []
    ready = any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def still_up(deployment: Object) -> str:
    """Return how many replicas a Deployment wants and has, "" when that is none and none."""
    wanted, there = at(deployment, "spec", "replicas") or 0, at(deployment, "status", "replicas") or 0
    return f"{deployment['metadata']['name']} wants {wanted} replicas and has {there}" if wanted or there else ""
