"""Reconciliation of a Dataset: finalizer, first phase, label, and deletion held back while a pod uses the data.

Rule: this controller never makes a Dataset Bound and never touches what a runtime made; the runtime is garbage
collected through its ownerReference once the Dataset is gone, and its own finalizer releases the rest. It only sees to
it that the runtime's controller runs, and a Dataset whose runtime has none goes its own way all the same.
"""

from collections.abc import Iterable

from reference_impl.controllers.controller import RetryError
from reference_impl.controllers.events import EventRecorder
from reference_impl.controllers.metadata import add_finalizer, patch_status, remove_finalizer, set_label
from reference_impl.controllers.names import (
    DATASET_FINALIZER,
    DATASET_ID,
    SIDECAR_DATASET_NAME,
    SIDECAR_DATASET_NAMESPACE,
    Names,
    is_dns_1035_label,
)
from reference_impl.controllers.runtime_controllers import RuntimeControllers
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import CONFLICT, DATASETS, PODS, ApiError, KubernetesApi, Object

HOUSE = Key("", "")  # no Dataset: the controllers of all runtimes
HELD_BACK_SECONDS = 2.0
UNMATCHED_SECONDS = 5.0  # without a runtime, or without its controller
FINISHED = frozenset({"Succeeded", "Failed"})
PODS_NAMED = 5  # in a message


class DatasetReconciler:
    """Brings one Dataset one step further at each call."""

    def __init__(self, api: KubernetesApi, events: EventRecorder, controllers: RuntimeControllers) -> None:
        self._api, self._events, self._controllers = api, events, controllers

    def reconcile(self, key: Key) -> float | None:
        """Look at the Dataset as it is now and do what is due; return when to come again."""
        if key == HOUSE:
            return self._controllers.keep_house()
        dataset = self._api.get(DATASETS, key.namespace, key.name)
        if dataset is None:
            # A runtime outlives its Dataset until it has released everything; and it may have been the last.
            return None if self._controllers.call(key, None) else self._controllers.dismiss()
        unmatched = self._call_controller(dataset, key)
        if dataset["metadata"].get("deletionTimestamp"):
            return self._release(dataset, key)
        if not is_dns_1035_label(key.name):
            message = f"name {key.name!r} is not a DNS-1035 label (a-z, 0-9, '-', a letter first): rename it"
            self._events.warning(dataset, "ErrorCreateDataset", message)
            raise RetryError(message)
        names = Names(namespace=key.namespace, name=key.name, dataset_uid=dataset["metadata"]["uid"])
        dataset = add_finalizer(self._api, DATASETS, dataset, DATASET_FINALIZER)
        if not (dataset.get("status") or {}).get("phase"):
            dataset = patch_status(self._api, DATASETS, dataset, {"phase": "NotBound", "conditions": []})
        set_label(self._api, DATASETS, dataset, DATASET_ID, names.dataset_id)
        return unmatched

    def _call_controller(self, dataset: Object, key: Key) -> float | None:
        """See to it that the controller of the Dataset's runtime runs; return when to try again, None if it does."""
        try:
            if self._controllers.call(key, dataset):
                return None
            self._controllers.dismiss()  # the runtime may have been there, and the last
        except (ApiError, RetryError) as error:
            if isinstance(error, ApiError) and error.status == CONFLICT:
                raise
            self._events.warning(dataset, "ErrorScaleRuntimeController", str(error))
        return UNMATCHED_SECONDS

    def _release(self, dataset: Object, key: Key) -> float | None:
        if users := pods_in_use(self._api.find(PODS, key.namespace), key):
            shown = ", ".join(users[:PODS_NAMED]) + (
                f" and {len(users) - PODS_NAMED} more" if users[PODS_NAMED:] else ""
            )
            message = f"dataset {key} is in use by pod {shown}: delete it, or wait until it has finished"
            self._events.warning(dataset, "ErrorDeleteDataset", message)
            return HELD_BACK_SECONDS
        remove_finalizer(self._api, DATASETS, dataset, DATASET_FINALIZER)
        return None


def pods_in_use(pods: Iterable[Object], key: Key) -> list[str]:
    """Return the names of the pods that are neither finished nor terminating and use the Dataset.

    Either through its claim, or through an injected sidecar: its labels say so, for the claim is no longer in the pod.
    """
    return sorted(
        pod["metadata"]["name"]
        for pod in pods
        if pod.get("status", {}).get("phase") not in FINISHED
        and not pod["metadata"].get("deletionTimestamp")
        and (_mounts_claim(pod, key.name) or _has_sidecar(pod, key))
    )


def _mounts_claim(pod: Object, claim: str) -> bool:
    volumes = pod["spec"].get("volumes", [])
    return any(volume.get("persistentVolumeClaim", {}).get("claimName") == claim for volume in volumes)


def _has_sidecar(pod: Object, key: Key) -> bool:
    labels = pod["metadata"].get("labels", {})
    containers = [name.removeprefix(SIDECAR_DATASET_NAME) for name in labels if name.startswith(SIDECAR_DATASET_NAME)]
    return any(
        labels[SIDECAR_DATASET_NAME + container] == key.name
        and labels.get(SIDECAR_DATASET_NAMESPACE + container) == key.namespace
        for container in containers
    )
