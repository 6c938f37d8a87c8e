"""The controller of DataLoads, a part of the dataset-controller's process as in Fluid."""

from reference_impl.controllers.controller import Controller, Source, own_key
from reference_impl.controllers.dataload.reconciler import DataLoadReconciler
from reference_impl.controllers.dataload.request import JOB_ROLE, KIND
from reference_impl.controllers.events import EventRecorder
from reference_impl.controllers.names import MANAGED_BY
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import DATA_LOADS, JOBS, KubernetesApi, Object


def data_loads(api: KubernetesApi, events: EventRecorder, *, image: str) -> Controller:
    """Return the controller; `image` is the one that the Jobs run."""
    return Controller(
        api=api,
        reconcile=DataLoadReconciler(api, events, image=image).reconcile,
        sources=[
            Source(resource=DATA_LOADS, key_of=own_key),
            Source(resource=JOBS, key_of=_owner_key, selector=f"{MANAGED_BY}=fluid,role={JOB_ROLE}"),
        ],
    )


def _owner_key(changed: Object) -> Key | None:
    owners = (owner["name"] for owner in changed["metadata"].get("ownerReferences", []) if owner["kind"] == KIND)
    name = next(owners, None)
    return Key(changed["metadata"]["namespace"], name) if name else None
