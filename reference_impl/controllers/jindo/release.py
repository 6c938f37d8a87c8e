"""Release of everything that a JindoRuntime made, in Fluid's order.

That is: claim, volume, workloads, node labels, Dataset, the runtime itself.

Rule: each call does what is possible now and says when to come again; every step is found again after a restart,
for it is derived from what still exists. The finalizer goes last, so that a vanished runtime means that nothing is
left.
"""

from reference_impl.controllers.jindo.node_labels import NodeLabels
from reference_impl.controllers.jindo.status import unbound_status
from reference_impl.controllers.jindo.volumes import is_ours
from reference_impl.controllers.metadata import patch_status, remove_finalizer
from reference_impl.controllers.names import FUSE_ROLE, RUNTIME_FINALIZER, WORKER_ROLE, Names
from reference_impl.kubernetes_api import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DATASETS,
    JINDO_RUNTIMES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    SERVICES,
    STATEFUL_SETS,
    KubernetesApi,
    Object,
    Resource,
)

POLL_SECONDS = 0.5


class Release:
    """Takes a terminating runtime apart."""

    def __init__(self, api: KubernetesApi, node_labels: NodeLabels) -> None:
        self._api, self._node_labels = api, node_labels

    def step(self, runtime: Object) -> float | None:
        """Do the next step; return when to come again, None once the finalizer is gone."""
        if RUNTIME_FINALIZER not in runtime["metadata"].get("finalizers", []):
            return None  # never set up, or another's finalizer holds it
        names = names_of(runtime)
        if self._volumes_remain(names) or self._workloads_remain(names, runtime):
            return POLL_SECONDS
        self._node_labels.sync(names, None)
        self._unbind(names)
        remove_finalizer(self._api, JINDO_RUNTIMES, runtime, RUNTIME_FINALIZER)
        return None

    def _volumes_remain(self, names: Names) -> bool:
        """Delete the claim and, once it is gone, the volume; a pod that still uses the claim holds both back."""
        for resource, name in ((PERSISTENT_VOLUME_CLAIMS, names.claim), (PERSISTENT_VOLUMES, names.volume)):
            existing = self._api.get(resource, names.namespace, name)
            if existing is not None and is_ours(existing) and _names_claim(existing, names):
                self._delete(resource, existing)
                return True
        return False

    def _workloads_remain(self, names: Names, runtime: Object) -> bool:
        remain = False
        for resource, name in (
            (STATEFUL_SETS, names.worker),
            (DAEMON_SETS, names.fuse),
            (SERVICES, names.worker),
            (CONFIG_MAPS, names.config),
        ):
            existing = self._api.get(resource, names.namespace, name)
            if existing is not None and is_owned(existing, runtime):
                self._delete(resource, existing)
                remain = True
        selector = f"release={names.name},role in ({WORKER_ROLE},{FUSE_ROLE})"
        return remain or bool(self._api.find(PODS, names.namespace, selector=selector))

    def _unbind(self, names: Names) -> None:
        dataset = self._api.get(DATASETS, names.namespace, names.name)
        if dataset is not None and (dataset.get("status") or {}).get("phase"):
            patch_status(self._api, DATASETS, dataset, unbound_status())

    def _delete(self, resource: Resource, existing: Object) -> None:
        metadata = existing["metadata"]
        if not metadata.get("deletionTimestamp"):
            self._api.delete(resource, metadata.get("namespace", ""), metadata["name"])


def names_of(runtime: Object) -> Names:
    """Return the names of a runtime's Dataset, which may be gone: its UID is in the ownerReference."""
    metadata = runtime["metadata"]
    owners = (owner["uid"] for owner in metadata.get("ownerReferences", []) if owner["kind"] == "Dataset")
    return Names(namespace=metadata["namespace"], name=metadata["name"], dataset_uid=next(owners, ""))


def is_owned(existing: Object, owner: Object) -> bool:
    """Tell whether an object carries an ownerReference to another."""
    references = existing["metadata"].get("ownerReferences", [])
    return any(reference["uid"] == owner["metadata"]["uid"] for reference in references)


def _names_claim(existing: Object, names: Names) -> bool:
    # The volume of a/b-c and of a-b/c have one name: only the one that refers to our claim is ours.
    claim = existing["spec"].get("claimRef")
    return claim is None or (claim["namespace"], claim["name"]) == (names.namespace, names.claim)
