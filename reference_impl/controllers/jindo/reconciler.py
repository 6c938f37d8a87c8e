"""Reconciliation of a JindoRuntime: set-up, binding of its Dataset, status, node labels.

Rule: everything is read live and each call may be the first after a restart. A Dataset turns Bound only after a
worker has said itself that it serves the data; until then the cause of every delay is in condition NotReady and in
an event. Afterwards the workers are asked once in each interval, whatever happens meanwhile: their figures change while
data is read, and each change that is written calls for the next look.
"""

from datetime import UTC, datetime

from reference_impl.controllers.controller import RetryError
from reference_impl.controllers.events import EventRecorder
from reference_impl.controllers.jindo.node_labels import NodeLabels
from reference_impl.controllers.jindo.objects import Objects
from reference_impl.controllers.jindo.observation import LatestStats, WorkerStats, trouble, waiting_for
from reference_impl.controllers.jindo.plan import InvalidSpecError, Plan, make_plan
from reference_impl.controllers.jindo.release import Release
from reference_impl.controllers.jindo.status import (
    Observed,
    bound_status,
    cache_states,
    data_figures,
    dataset_condition,
    runtime_status,
)
from reference_impl.controllers.jindo.workloads import Workloads
from reference_impl.controllers.metadata import (
    add_finalizer,
    condition,
    owner_reference,
    patch_metadata,
    patch_status,
    with_condition,
)
from reference_impl.controllers.names import (
    DATASET_ID,
    RUNTIME_FINALIZER,
    WORKER_ROLE,
    Names,
    is_dns_1035_label,
)
from reference_impl.controllers.settings import Settings
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import (
    CONFLICT,
    DATASETS,
    JINDO_RUNTIMES,
    PODS,
    STATEFUL_SETS,
    ApiError,
    KubernetesApi,
    Object,
)

NO_DATASET_SECONDS = 5.0
INVALID_SECONDS = 20.0
SLOW_START_SECONDS = 20.0  # after which a start that shows no error is reported all the same
BOUND_PHASES = frozenset({"Bound", "Updating", "DataMigrating"})


class JindoReconciler:
    """Brings one JindoRuntime and its Dataset one step further at each call."""

    def __init__(self, api: KubernetesApi, events: EventRecorder, settings: Settings) -> None:
        self._api, self._events, self._settings = api, events, settings
        self._node_labels = NodeLabels(api)
        self._objects, self._release = Objects(api), Release(api, self._node_labels)
        self._stats = LatestStats(interval_seconds=settings.sync_seconds)

    def reconcile(self, key: Key) -> float | None:
        """Look at the runtime as it is now and do what is due; return when to come again."""
        runtime = self._api.get(JINDO_RUNTIMES, key.namespace, key.name)
        if runtime is None:
            self._stats.forget(key)
            return None
        dataset = self._api.get(DATASETS, key.namespace, key.name)
        try:
            if runtime["metadata"].get("deletionTimestamp"):
                return self._release.step(runtime)
            return self._set_up_or_sync(key, dataset, runtime)
        except InvalidSpecError as error:
            self._events.warning(runtime, "ErrorValidateSpecFields", str(error))
            self._not_ready(dataset, str(error))
            return INVALID_SECONDS
        except (ApiError, RetryError) as error:
            if isinstance(error, RetryError) or error.status != CONFLICT:
                self._events.warning(runtime, "ErrorProcessRuntime", str(error))
            raise

    def _set_up_or_sync(self, key: Key, dataset: Object | None, runtime: Object) -> float | None:
        if dataset is None or _outlived_its_dataset(runtime, dataset) or not is_dns_1035_label(key.name):
            return self._leave_alone(key, dataset, runtime)
        phase = (dataset.get("status") or {}).get("phase", "")
        if not phase:
            return self._settings.poll_seconds  # the dataset-controller comes first
        if dataset["metadata"].get("deletionTimestamp") and phase not in BOUND_PHASES:
            return None  # nothing new is built for a Dataset that goes
        runtime = self._adopt(runtime, dataset)
        plan = make_plan(dataset, runtime, unix_sockets=self._settings.unix_sockets)
        runtime = self._request_memory(runtime, plan)
        if phase in BOUND_PHASES and self._workers_vanished(plan.names, dataset):
            return 0.0
        workloads = Workloads(plan=plan, dataset=dataset, runtime=runtime, settings=self._settings)
        return self._observe_and_report(workloads, bound=phase in BOUND_PHASES)

    def _leave_alone(self, key: Key, dataset: Object | None, runtime: Object) -> float:
        """Say why nothing is made for a runtime, and touch it in no way, so that it can be deleted at once."""
        if _outlived_its_dataset(runtime, dataset):
            return NO_DATASET_SECONDS  # the garbage collector is about to delete it
        message = f"there is no Dataset {key} for this runtime: create it"
        if dataset is not None:
            message = f"name {key.name!r} is not a DNS-1035 label: rename Dataset and runtime"
        self._events.warning(runtime, "ErrorProcessRuntime", message)
        return NO_DATASET_SECONDS

    def _adopt(self, runtime: Object, dataset: Object) -> Object:
        """Return the runtime with ownerReference, label and then finalizer."""
        metadata = runtime["metadata"]
        change: Object = {}
        dataset_id = _names(dataset).dataset_id
        if not any(owner["kind"] == "Dataset" for owner in metadata.get("ownerReferences", [])):
            reference = owner_reference(dataset, controller=False)
            change["ownerReferences"] = [*metadata.get("ownerReferences", []), reference]
        if metadata.get("labels", {}).get(DATASET_ID) != dataset_id:
            change["labels"] = {DATASET_ID: dataset_id}
        if change:
            runtime = patch_metadata(self._api, JINDO_RUNTIMES, runtime, change)
        return add_finalizer(self._api, JINDO_RUNTIMES, runtime, RUNTIME_FINALIZER)

    def _request_memory(self, runtime: Object, plan: Plan) -> Object:
        """Return the runtime with the quota in memory as its workers' memory request, unless it names one itself."""
        resources = (runtime["spec"].get("worker") or {}).get("resources") or {}
        if not plan.memory_bytes or (resources.get("requests") or {}).get("memory"):
            return runtime
        quotas = [tier.quota for tier in plan.tiers if tier.in_memory]
        memory = quotas[0] if len(quotas) == 1 else str(plan.memory_bytes)
        change = {
            "metadata": {"resourceVersion": runtime["metadata"]["resourceVersion"]},
            "spec": {"worker": {"resources": {"requests": {"memory": memory}}}},
        }
        return self._api.patch(JINDO_RUNTIMES, runtime, change)

    def _workers_vanished(self, names: Names, dataset: Object) -> bool:
        """Tell whether a bound Dataset has lost its StatefulSet, and write it down; it is made anew afterwards."""
        if self._api.get(STATEFUL_SETS, names.namespace, names.worker) is not None:
            return False
        message = f"StatefulSet {names.worker} is gone"
        lost = dataset_condition("Ready", status="False", reason="DatasetNotReady", message=message)
        conditions = with_condition(dataset["status"].get("conditions") or [], lost)
        patch_status(self._api, DATASETS, dataset, {"phase": "Failed", "conditions": conditions})
        return True

    def _observe_and_report(self, workloads: Workloads, *, bound: bool) -> float:
        names = workloads.plan.names
        stateful_set, daemon_set = self._objects.ensure_workloads(workloads)
        pods = self._api.find(PODS, names.namespace, selector=f"release={names.name},role={WORKER_ROLE}")
        stats = self._stats.of(Key(names.namespace, names.name), pods, now=not bound)
        observed = _observed(stateful_set, daemon_set, stats)
        serves = observed.ready > 0 and bool(observed.serving)
        status = runtime_status(names, workloads.runtime, observed, set_up=bound or serves)
        patch_status(self._api, JINDO_RUNTIMES, workloads.runtime, status)
        self._node_labels.sync(names, workloads.plan)
        if not bound and not serves:
            self._report_trouble(workloads, stateful_set, observed, pods)
            return self._settings.poll_seconds
        if bound:
            self._sync_dataset(workloads, observed)
        else:
            self._bind(workloads, observed)
        self._objects.ensure_volumes(workloads, daemon_set)
        return self._settings.sync_seconds

    def _bind(self, workloads: Workloads, observed: Observed) -> None:
        dataset = workloads.dataset
        conditions = dataset["status"].get("conditions") or []
        patch_status(self._api, DATASETS, dataset, bound_status(workloads.plan.names, observed, conditions))

    def _sync_dataset(self, workloads: Workloads, observed: Observed) -> None:
        if observed.desired and not observed.ready:
            message = f"0 of {observed.desired} workers ready"
            self._events.warning(workloads.runtime, "RuntimeUnhealthy", message)
        if observed.stats:  # otherwise what was known last stays
            change = {"cacheStates": cache_states(observed.stats), **data_figures(observed.stats)}
            patch_status(self._api, DATASETS, workloads.dataset, change)

    def _report_trouble(
        self, workloads: Workloads, stateful_set: Object, observed: Observed, pods: list[Object]
    ) -> None:
        message = trouble(pods, observed.stats)
        if message is None and _age_seconds(stateful_set) > SLOW_START_SECONDS:
            message = waiting_for(pods, observed.desired)
        if message is not None:
            self._events.warning(workloads.runtime, "ErrorProcessRuntime", message)
            self._not_ready(workloads.dataset, message)

    def _not_ready(self, dataset: Object | None, message: str) -> None:
        """Write the cause into the Dataset's condition, as long as it is not bound."""
        status = (dataset or {}).get("status") or {}
        if dataset is None or status.get("phase") != "NotBound":
            return
        wanted = dataset_condition("NotReady", status="True", reason="DatasetFailedToSetup", message=message)
        if (existing := condition(dataset, "NotReady")) is None or existing.get("message") != message:
            conditions = with_condition(status.get("conditions") or [], wanted)
            patch_status(self._api, DATASETS, dataset, {"conditions": conditions})


def _names(dataset: Object) -> Names:
    metadata = dataset["metadata"]
    return Names(namespace=metadata["namespace"], name=metadata["name"], dataset_uid=metadata["uid"])


def _outlived_its_dataset(runtime: Object, dataset: Object | None) -> bool:
    """Tell whether the Dataset that the runtime belongs to is gone, though one of that name may be there."""
    owners = [owner["uid"] for owner in runtime["metadata"].get("ownerReferences", []) if owner["kind"] == "Dataset"]
    return bool(owners) and (dataset is None or dataset["metadata"]["uid"] not in owners)


def _observed(stateful_set: Object, daemon_set: Object, stats: tuple[WorkerStats, ...]) -> Observed:
    status = stateful_set.get("status", {})
    return Observed(
        desired=int(stateful_set["spec"]["replicas"]),
        current=int(status.get("replicas", 0)),
        ready=int(status.get("readyReplicas", 0)),
        available=int(status.get("availableReplicas", 0)),
        fuse=daemon_set.get("status", {}),
        stats=stats,
    )


def _age_seconds(existing: Object) -> float:
    created = datetime.fromisoformat(existing["metadata"]["creationTimestamp"])
    return (datetime.now(UTC) - created).total_seconds()
