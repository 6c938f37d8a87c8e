"""Creation of a runtime's objects, and the few changes that reach existing ones.

Rule: what exists is not rewritten: a change of the pod template would restart workers and throw the cache away.
Only the number of workers follows the spec, and with it the list of hosts in runtime.json. An object of somebody
else that has our name is an error that names it, never taken over.
"""

from reference_impl.controllers.controller import RetryError
from reference_impl.controllers.jindo.release import is_owned
from reference_impl.controllers.jindo.volumes import is_ours, persistent_volume, persistent_volume_claim
from reference_impl.controllers.jindo.workloads import Workloads
from reference_impl.kubernetes_api import (
    CONFIG_MAPS,
    DAEMON_SETS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    SERVICES,
    STATEFUL_SETS,
    KubernetesApi,
    Object,
    Resource,
)


class Objects:
    """Makes what a runtime needs."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def ensure_workloads(self, workloads: Workloads) -> tuple[Object, Object]:
        """Return StatefulSet and DaemonSet as they are, everything created that was missing."""
        config_map = self._owned(CONFIG_MAPS, workloads.config_map(), workloads)
        if config_map["data"] != (data := workloads.config_map()["data"]):
            self._api.patch(CONFIG_MAPS, config_map, {"data": data})
        self._owned(SERVICES, workloads.service(), workloads)
        daemon_set = self._owned(DAEMON_SETS, workloads.daemon_set(), workloads)
        stateful_set = self._owned(STATEFUL_SETS, workloads.stateful_set(), workloads)
        if stateful_set["spec"]["replicas"] != (replicas := workloads.plan.replicas):
            stateful_set = self._api.patch(STATEFUL_SETS, stateful_set, {"spec": {"replicas": replicas}})
        return stateful_set, daemon_set

    def ensure_volumes(self, workloads: Workloads, daemon_set: Object) -> None:
        """Create volume and claim where they are missing."""
        names = workloads.plan.names
        generation = daemon_set["metadata"]["generation"]
        volume = persistent_volume(names, workloads.dataset, workloads.runtime)
        claim = persistent_volume_claim(names, workloads.dataset, fuse_generation=generation)
        for resource, wanted in ((PERSISTENT_VOLUMES, volume), (PERSISTENT_VOLUME_CLAIMS, claim)):
            existing = self._get_or_create(resource, wanted, names.namespace)
            other = existing["spec"].get("claimRef") or {"namespace": names.namespace, "name": names.claim}
            if not is_ours(existing) or (other["namespace"], other["name"]) != (names.namespace, names.claim):
                raise _taken(existing)

    def _owned(self, resource: Resource, wanted: Object, workloads: Workloads) -> Object:
        existing = self._get_or_create(resource, wanted, workloads.plan.names.namespace)
        if not is_owned(existing, workloads.runtime):
            raise _taken(existing)
        if existing["metadata"].get("deletionTimestamp"):
            raise RetryError(f"{existing['kind']} {existing['metadata']['name']} is still terminating")
        return existing

    def _get_or_create(self, resource: Resource, wanted: Object, namespace: str) -> Object:
        existing = self._api.get(resource, namespace if resource.namespaced else "", wanted["metadata"]["name"])
        return self._api.create(resource, wanted) if existing is None else existing


def _taken(existing: Object) -> RetryError:
    kind, name = existing["kind"], existing["metadata"]["name"]
    return RetryError(f"{kind} {name} exists and belongs to somebody else: delete it, or rename the Dataset")
