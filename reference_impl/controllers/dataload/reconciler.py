"""Reconciliation of a DataLoad: "" → Pending → Executing → Complete or Failed, and its removal.

Rule: each call does the next step and may be the first after a restart: what was done is read from what exists. The
Job's own condition decides how an operation ends; progress is for people.
"""

import time
from datetime import UTC, datetime

from reference_impl.controllers.controller import RetryError
from reference_impl.controllers.dataload import operation_reference, status
from reference_impl.controllers.dataload.job import job
from reference_impl.controllers.dataload.observation import ask, end_of, last_words
from reference_impl.controllers.dataload.request import (
    FINALIZER,
    KIND,
    InvalidError,
    UnsupportedError,
    check,
    check_namespace,
    names_of,
    target_of,
)
from reference_impl.controllers.events import EventRecorder
from reference_impl.controllers.jindo.release import is_owned
from reference_impl.controllers.metadata import (
    add_finalizer,
    owner_reference,
    patch_metadata,
    patch_status,
    remove_finalizer,
)
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import (
    CONFLICT,
    DATA_LOADS,
    DATASETS,
    JINDO_RUNTIMES,
    JOBS,
    PODS,
    ApiError,
    KubernetesApi,
    Object,
)

WAITING_SECONDS = 2.0  # for a Dataset, its runtime, or room for a Job
PROGRESS_SECONDS = 1.0
RELEASE_SECONDS = 0.3


class DataLoadReconciler:
    """Brings one DataLoad one step further at each call."""

    def __init__(self, api: KubernetesApi, events: EventRecorder, *, image: str) -> None:
        self._api, self._events, self._image = api, events, image
        self._asked: dict[str, float] = {}  # UID -> monotonic seconds at which its loader was asked

    def reconcile(self, key: Key) -> float | None:
        """Look at the DataLoad as it is now and do what is due; return when to come again."""
        load = self._api.get(DATA_LOADS, key.namespace, key.name)
        if load is None:
            return None
        if load["metadata"].get("deletionTimestamp"):
            return self._release(load)
        if status.phase_of(load) in status.FINISHED:
            return self._expire(load)
        return self._advance(load)

    def _advance(self, load: Object) -> float | None:
        phase, dataset = status.phase_of(load), self._dataset(load)
        if dataset is None or _outlived(load, dataset):
            if dataset is None and not phase:
                message = f"there is no Dataset {target_of(load)}: create it, or correct spec.dataset"
                self._events.warning(load, "TargetDatasetNotFound", message)
            return WAITING_SECONDS  # what has lost its Dataset is deleted by the garbage collector
        if phase == status.EXECUTING:
            return self._execute(load, dataset)
        if dataset["metadata"].get("deletionTimestamp"):
            return WAITING_SECONDS  # nothing new is begun for a Dataset that goes
        load = add_finalizer(self._api, DATA_LOADS, load, FINALIZER)
        try:
            return self._prepare(load, dataset, phase)
        except UnsupportedError as error:
            return self._refuse(load, "DataOperationNotSupport", str(error), None)
        except InvalidError as error:
            return self._refuse(load, "DataOperationNotValid", str(error), status.refusal(error.reason, str(error)))

    def _prepare(self, load: Object, dataset: Object, phase: str) -> float:
        check_namespace(load)  # an owner in another namespace would have it garbage collected
        load = self._adopt(load, dataset)
        if not (dataset.get("status") or {}).get("runtimes"):
            return self._wait_for_runtime(load, dataset)
        if not phase:
            check(load, dataset)
            patch_status(self._api, DATA_LOADS, load, status.pending())
            return 0.0
        return self._begin(load, dataset)

    def _dataset(self, load: Object) -> Object | None:
        target = target_of(load)
        # An empty namespace or name would ask for a collection.
        return self._api.get(DATASETS, target.namespace, target.name) if target.namespace and target.name else None

    def _adopt(self, load: Object, dataset: Object) -> Object:
        """Return the DataLoad with an ownerReference to its Dataset."""
        owners = load["metadata"].get("ownerReferences", [])
        if is_owned(load, dataset):
            return load
        change = {"ownerReferences": [*owners, owner_reference(dataset, controller=False)]}
        return patch_metadata(self._api, DATA_LOADS, load, change)

    def _wait_for_runtime(self, load: Object, dataset: Object) -> float:
        name = dataset["metadata"]["name"]
        self._events.normal(
            load, "RuntimeNotReady", f"the runtime of Dataset {name} does not serve yet: waiting for it"
        )
        return WAITING_SECONDS

    def _refuse(self, load: Object, reason: str, message: str, condition: Object | None) -> float:
        patch_status(self._api, DATA_LOADS, load, status.refused(load, condition))
        self._events.warning(load, reason, message)
        return 0.0

    def _begin(self, load: Object, dataset: Object) -> float:
        metadata = dataset["metadata"]
        runtime = self._api.get(JINDO_RUNTIMES, metadata["namespace"], metadata["name"]) or {}
        if not (runtime.get("status") or {}).get("workerNumberReady"):
            return self._wait_for_runtime(load, dataset)
        operation_reference.enter(self._api, dataset, KIND, load["metadata"]["name"])
        patch_status(self._api, DATA_LOADS, load, {"phase": status.EXECUTING})
        return 0.0

    def _execute(self, load: Object, dataset: Object) -> float:
        try:
            running = self._job(load, dataset)
        except (ApiError, RetryError) as error:
            if isinstance(error, ApiError) and error.status == CONFLICT:
                raise
            self._events.warning(load, "DataOperationExecutionFailed", str(error))
            return WAITING_SECONDS
        if running["metadata"].get("deletionTimestamp"):
            return RELEASE_SECONDS  # it is made anew once it is gone
        if end := end_of(running):
            return self._finish(load, dataset, end)
        return self._follow(load)

    def _job(self, load: Object, dataset: Object) -> Object:
        """Return the Job, created if there is none: also one that somebody has deleted."""
        names = names_of(load)
        existing = self._api.get(JOBS, names.namespace, names.job)
        if existing is None:
            return self._api.create(JOBS, job(load, dataset, image=self._image))
        if not is_owned(existing, load):
            raise RetryError(f"Job {names.job} exists and belongs to somebody else: delete it, or rename the DataLoad")
        return existing

    def _follow(self, load: Object) -> float:
        """Write how far it is, once a second however often this is called: the write itself calls again."""
        uid, now = load["metadata"]["uid"], time.monotonic()
        if (due := self._asked.get(uid, 0.0) + PROGRESS_SECONDS) > now:
            return due - now
        self._asked[uid] = now
        infos = status.advance(status.infos_of(load), ask(self._pods(load)))
        if infos != status.infos_of(load):
            patch_status(self._api, DATA_LOADS, load, {"infos": infos})
        return PROGRESS_SECONDS

    def _finish(self, load: Object, dataset: Object, end: Object) -> float:
        wanted = status.ended(load, end, last_words(self._pods(load)))
        # First the entry: whoever sees the end finds it gone.
        operation_reference.leave(self._api, dataset, KIND, load["metadata"]["name"])
        patch_status(self._api, DATA_LOADS, load, wanted)
        self._asked.pop(load["metadata"]["uid"], None)
        message = wanted["conditions"][0]["message"]
        if end["type"] == status.COMPLETE:
            self._events.normal(load, "DataOperationSucceed", f"loaded in {wanted['duration']}: {message}")
        else:
            self._events.warning(load, "DataOperationFailed", message)
        return 0.0

    def _expire(self, load: Object) -> float | None:
        """Delete a finished DataLoad when its time is over."""
        remaining = status.remaining_seconds(load, datetime.now(UTC))
        if remaining is not None and remaining <= 0:
            self._api.delete(DATA_LOADS, load["metadata"]["namespace"], load["metadata"]["name"])
            return None
        return remaining

    def _release(self, load: Object) -> float | None:
        """Take Job, pods and the entry in operationRef away, then the finalizer."""
        self._asked.pop(load["metadata"]["uid"], None)
        if FINALIZER not in load["metadata"].get("finalizers", []):
            return None  # nothing was ever made, or another's finalizer holds it
        if self._job_remains(load):
            return RELEASE_SECONDS
        if target_of(load).namespace == load["metadata"]["namespace"]:
            operation_reference.leave(self._api, self._dataset(load), KIND, load["metadata"]["name"])
        remove_finalizer(self._api, DATA_LOADS, load, FINALIZER)
        return None

    def _job_remains(self, load: Object) -> bool:
        names = names_of(load)
        existing = self._api.get(JOBS, names.namespace, names.job)
        if existing is not None and is_owned(existing, load):
            if not existing["metadata"].get("deletionTimestamp"):
                self._api.delete(JOBS, names.namespace, names.job)
            return True
        # Pods without owner were left on purpose by whoever deleted the Job so: they are theirs.
        return any(pod["metadata"].get("ownerReferences") for pod in self._pods(load))

    def _pods(self, load: Object) -> list[Object]:
        names = names_of(load)
        return self._api.find(PODS, names.namespace, selector=names.pods)


def _outlived(load: Object, dataset: Object) -> bool:
    """Tell whether the Dataset that it belongs to is gone, though another one of that name is there."""
    owners = [owner["uid"] for owner in load["metadata"].get("ownerReferences", []) if owner["kind"] == "Dataset"]
    return bool(owners) and dataset["metadata"]["uid"] not in owners
