"""Runtime controllers on demand: a kind's Deployment leaves 0 for its first runtime and returns there after its last.

Rule: up is for a runtime with a Dataset of its name, or one that was set up and must be released; nothing else counts.
Down (ours; Fluid has no way back) is for a kind of which nothing is left anywhere, terminating runtimes included, since
GRACE_SECONDS; and only from as many replicas as we would set: any other number is somebody's choice, and stays.
One thread at a time looks and scales, so a runtime that appears while its controller goes down brings it up again.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reference_impl.controllers.controller import RetryError
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import DEPLOYMENTS, KubernetesApi, Object, Resource

GROUP_VERSION = "data.fluid.io/v1alpha1"
REPLICAS = "controller.runtime.fluid.io/replicas"  # annotation of the Deployment itself
# A Dataset that is deleted and made anew finds its controller still there. Not longer, for to come too late costs a
# second only: that is what a controller takes to start.
GRACE_SECONDS = 3.0
# Nobody tells of a runtime that vanished while a watch was interrupted, or of a Deployment that was applied anew.
RESYNC_SECONDS = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RuntimeKind:
    """One kind of runtime, by the name that everything of it is derived from."""

    name: str  # e.g. Jindo

    @property
    def resource(self) -> Resource:
        """Return the kind as the API serves it."""
        return Resource(GROUP_VERSION, f"{self.type}runtimes", f"{self.name}Runtime")

    @property
    def type(self) -> str:
        """Return what status.runtimes of a Dataset calls it."""
        return self.name.lower()

    @property
    def deployment(self) -> str:
        """Return the name of its controller's Deployment."""
        return f"{self.type}runtime-controller"

    @property
    def finalizer(self) -> str:
        """Return what its controller puts on each runtime that it sets up."""
        return f"{self.type}-runtime-controller-finalizer"


KINDS = tuple(map(RuntimeKind, ("Alluxio", "Jindo", "JuiceFS", "Thin", "EFC", "Vineyard", "Cache")))


def installed_kinds(api: KubernetesApi) -> tuple[RuntimeKind, ...]:
    """Return the kinds whose definitions are installed now."""
    served = api.served(GROUP_VERSION)
    return tuple(kind for kind in KINDS if kind.resource.plural in served)


class RuntimeControllers:
    """The Deployments of all kinds in one namespace."""

    def __init__(
        self,
        api: KubernetesApi,
        *,
        kinds: Sequence[RuntimeKind],
        namespace: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._kinds, self._namespace, self._clock = api, kinds, namespace, clock
        self._lock = threading.Lock()
        self._idle_since: dict[RuntimeKind, float] = {}

    def call(self, key: Key, dataset: Object | None) -> bool:
        """Let the controller run that the runtime of that name needs; return whether there is such a runtime."""
        kind = self._kind_of(key, dataset)
        if kind is None:
            return False
        with self._lock:
            self._up(kind)
        return True

    def dismiss(self) -> float | None:
        """End controllers that nothing needs any more; return when to ask again, None = when something has changed."""
        waits = [wait for kind in self._kinds if (wait := self._down_or_wait(kind)) is not None]
        return min(waits, default=None)

    def keep_house(self) -> float:
        """Do what nobody will tell us to do; return when to come again."""
        return min(self.dismiss() or RESYNC_SECONDS, RESYNC_SECONDS)

    def _kind_of(self, key: Key, dataset: Object | None) -> RuntimeKind | None:
        """Return the kind whose controller is needed for a name; a bound Dataset says itself which it is."""
        bound = [entry.get("type") for entry in ((dataset or {}).get("status") or {}).get("runtimes") or []]
        for kind in self._kinds:
            if bound and kind.type not in bound:
                continue
            runtime = self._api.get(kind.resource, key.namespace, key.name)
            if runtime is not None and (dataset is not None or _was_set_up(runtime, kind)):
                return kind
        return None

    def _up(self, kind: RuntimeKind) -> None:
        self._idle_since.pop(kind, None)
        deployment = self._api.get(DEPLOYMENTS, self._namespace, kind.deployment)
        if deployment is None:
            raise RetryError(f"Deployment {self._namespace}/{kind.deployment} does not exist: install it")
        if not deployment["spec"]["replicas"]:
            self._scale(deployment, wanted_replicas(deployment))

    def _down_or_wait(self, kind: RuntimeKind) -> float | None:
        with self._lock:
            runtimes = self._api.find(kind.resource)
            deployment = self._api.get(DEPLOYMENTS, self._namespace, kind.deployment)
            if deployment is None:
                return None
            if not deployment["spec"]["replicas"]:
                if any(_was_set_up(runtime, kind) for runtime in runtimes):
                    self._up(kind)  # somebody took it away under runtimes that need it
                return None
            if runtimes or deployment["spec"]["replicas"] != wanted_replicas(deployment):
                self._idle_since.pop(kind, None)
                return None
            idle = self._clock() - self._idle_since.setdefault(kind, self._clock())
            if idle < GRACE_SECONDS:
                return GRACE_SECONDS - idle
            self._scale(deployment, 0)
            return None

    def _scale(self, deployment: Object, replicas: int) -> None:
        metadata = deployment["metadata"]
        change = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "spec": {"replicas": replicas}}
        self._api.patch(DEPLOYMENTS, deployment, change, subresource="scale")
        log.info("Deployment %s/%s to %d replicas", self._namespace, metadata["name"], replicas)


def wanted_replicas(deployment: Object) -> int:
    """Return how many replicas a Deployment asks for when it is needed; 1 where its annotation is no such number."""
    asked = (deployment["metadata"].get("annotations") or {}).get(REPLICAS, "")
    return max(int(asked), 1) if asked.isdecimal() else 1


def _was_set_up(runtime: Object, kind: RuntimeKind) -> bool:
    return kind.finalizer in runtime["metadata"].get("finalizers", [])
