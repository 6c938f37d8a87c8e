"""A DataLoad's way, step by step: what a real cluster is too fast, or too healthy, to show."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from dataload_memory import MemoryApi, Said
from reference_objects import Object, data_load, dataset, runtime

from reference_impl.controllers.dataload.reconciler import DataLoadReconciler
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import DATA_LOADS, ApiError, KubernetesApi

if TYPE_CHECKING:
    from reference_impl.controllers.events import EventRecorder

NAME = "warm-up"
KEY = Key("demo", NAME)
JOB = ("Job", "warm-up-loader-job")
FINALIZER = "fluid-dataload-controller-finalizer"
ENDED = "2026-01-01T00:01:05Z"  # 65 s after its creation


def bound() -> Object:
    made = dataset()
    made["status"] = {
        "phase": "Bound",
        "conditions": [],
        "runtimes": [{"name": "demo-dataset", "namespace": "demo", "type": "jindo"}],
    }
    return made


def serving(workers: int = 1) -> Object:
    made = runtime()
    made["status"] = {"workerNumberReady": workers}
    return made


class Course:
    """One DataLoad, and a controller that is started anew before every step."""

    def __init__(self, *objects: Object) -> None:
        self.api, self.said = MemoryApi(*objects), Said()

    def step(self) -> float | None:
        api, events = cast("KubernetesApi", self.api), cast("EventRecorder", self.said)
        return DataLoadReconciler(api, events, image="image").reconcile(KEY)

    def until(self, phase: str) -> Object:
        for _ in range(10):
            if self.phase == phase:
                return self.load
            self.step()
        raise AssertionError(f"still in phase {self.phase!r}, {self.said.events}")

    @property
    def load(self) -> Object:
        return self.api.objects["DataLoad", NAME]

    @property
    def phase(self) -> str:
        return str(self.load.get("status", {}).get("phase", ""))

    @property
    def operations(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        return self.api.objects["Dataset", "demo-dataset"]["status"].get("operationRef", {}).get("DataLoad")

    def end_job(self, kind: str, reason: str = "r", message: str = "m") -> None:
        ended = {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": ENDED}
        self.api.objects[JOB]["status"] = {"conditions": [{"type": "SuccessCriteriaMet", "status": "True"}, ended]}


@pytest.fixture
def course() -> Course:
    return Course(data_load(), bound(), serving())


def executing(course: Course) -> Course:
    course.until("Executing")
    course.step()
    assert JOB in course.api.objects
    return course


def test_all_phases_to_complete(course: Course) -> None:
    executing(course)
    during = course.operations
    course.end_job("Complete")
    load = course.until("Complete")

    assert (during, course.operations) == (NAME, None)
    assert load["status"]["duration"] == "1m5s"
    (condition,) = load["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Complete", "True", "r")
    assert load["status"]["infos"]["progress"] == "100.0%"
    assert course.said.events == [("Normal", "DataOperationSucceed")]
    assert course.step() is None


def test_finalizer_then_owner_then_phase(course: Course) -> None:
    course.until("Pending")

    finalizer, owner, phase = (patch for patch in course.api.patches if patch["kind"] == "DataLoad")
    assert finalizer["metadata"]["finalizers"] == [FINALIZER]
    assert owner["metadata"]["ownerReferences"][0]["uid"] == "uid-of-dataset"
    assert phase["status"] == {"phase": "Pending", "duration": "Unfinished", "conditions": []}


def test_without_dataset_nothing_is_written() -> None:
    course = Course(data_load())

    assert course.step() is not None
    assert course.api.patches == []
    assert course.said.events == [("Warning", "TargetDatasetNotFound")]


def test_a_dataset_without_runtime_is_waited_for() -> None:
    course = Course(data_load(), dataset())

    assert course.step() is not None
    assert course.phase == ""
    assert course.said.events == [("Normal", "RuntimeNotReady")]


def test_a_runtime_without_ready_worker_keeps_it_pending() -> None:
    course = Course(data_load(), bound(), serving(workers=0))
    course.until("Pending")

    assert course.step() is not None
    assert (course.phase, course.operations) == ("Pending", None)
    assert course.said.events == [("Normal", "RuntimeNotReady")]


@pytest.mark.parametrize(
    "spec",
    [
        {"policy": "Cron", "schedule": "* * * * *"},
        {"policy": "OnEvent"},
        {"runAfter": {"kind": "DataLoad", "name": "first"}},
        {"options": {"loadMetadataOnly": "true"}},
        {"target": [{"path": "/a", "replicas": 2}]},
    ],
    ids=["cron", "on-event", "run-after", "options", "replicas"],
)
def test_what_is_not_offered_is_refused_without_condition(spec: Object) -> None:
    course = Course(data_load(**spec), bound(), serving())

    assert course.until("Failed")["status"]["conditions"] == []
    assert course.said.events == [("Warning", "DataOperationNotSupport")]
    assert (JOB in course.api.objects, course.operations) == (False, None)
    assert course.step() is None


def test_another_kind_of_runtime_is_refused() -> None:
    other = bound()
    other["status"]["runtimes"][0]["type"] = "thin"
    course = Course(data_load(), other)
    course.until("Failed")

    assert course.said.events == [("Warning", "DataOperationNotSupport")]


def test_another_namespaces_dataset_is_invalid_and_becomes_no_owner() -> None:
    foreign = bound()
    foreign["metadata"]["namespace"] = "other"
    course = Course(data_load(dataset={"name": "demo-dataset", "namespace": "other"}), foreign)
    load = course.until("Failed")

    assert load["status"]["conditions"][0]["reason"] == "TargetDatasetNamespaceNotSame"
    assert course.said.events == [("Warning", "DataOperationNotValid")]
    assert "ownerReferences" not in load["metadata"]


def test_a_failed_job_fails_it_with_the_loaders_own_words(course: Course) -> None:
    executing(course)
    course.end_job("Failed", "BackoffLimitExceeded", "it failed twice")
    words = '{"loadedBytes": 10, "totalBytes": 10, "error": "/a: the origin has no such path"}'
    course.api.objects["Pod", "p"] = {
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"role": "dataload-pod", "release": "warm-up-loader"}},
        "status": {"containerStatuses": [{"name": "dataloader", "state": {"terminated": {"message": words}}}]},
    }
    load = course.until("Failed")

    (condition,) = load["status"]["conditions"]
    assert condition["reason"] == "BackoffLimitExceeded"
    assert condition["message"] == "/a: the origin has no such path (it failed twice)"
    assert load["status"]["infos"]["progress"] == "99.9%"  # all of it was read, and yet it is not loaded
    assert course.said.events == [("Warning", "DataOperationFailed")]
    assert course.operations is None


def test_a_job_that_is_gone_is_made_anew(course: Course) -> None:
    executing(course)
    del course.api.objects[JOB]
    course.step()

    assert JOB in course.api.objects


def test_a_job_that_is_going_is_waited_for(course: Course) -> None:
    executing(course)
    course.api.objects[JOB]["metadata"] |= {"deletionTimestamp": "now", "finalizers": ["foregroundDeletion"]}
    course.end_job("Complete")

    assert course.step() is not None
    assert course.phase == "Executing"


def test_a_job_of_somebody_else_is_told_and_never_taken_over(course: Course) -> None:
    course.until("Executing")
    course.api.objects[JOB] = {"kind": "Job", "metadata": {"name": JOB[1], "namespace": "demo"}}

    assert course.step() is not None
    assert course.phase == "Executing"
    assert course.said.events == [("Warning", "DataOperationExecutionFailed")]


def test_a_job_that_is_refused_is_told_and_tried_again(course: Course) -> None:
    course.until("Executing")
    course.api.refuses = ApiError(422, "Invalid", "resources: no quantity")

    assert course.step() is not None
    assert course.said.events == [("Warning", "DataOperationExecutionFailed")]
    course.api.refuses = None
    course.step()
    assert JOB in course.api.objects


def test_a_conflict_is_no_failure_of_the_operation(course: Course) -> None:
    course.until("Executing")
    course.api.refuses = ApiError(409, "AlreadyExists", "jobs already exists")

    with pytest.raises(ApiError):
        course.step()
    assert course.said.events == []


def test_others_entries_in_the_operations_stay() -> None:
    busy = bound()
    busy["status"]["operationRef"] = {"DataLoad": "first,second", "DataProcess": "third"}
    course = executing(Course(data_load(), busy, serving()))
    assert course.operations == f"first,second,{NAME}"
    course.end_job("Complete")
    course.until("Complete")

    assert course.operations == "first,second"
    assert course.api.objects["Dataset", "demo-dataset"]["status"]["operationRef"]["DataProcess"] == "third"


@pytest.mark.parametrize("phase", ["", "Pending", "Executing", "Complete"])
@pytest.mark.parametrize("orphaned", [False, True], ids=["with Dataset", "without"])
def test_deletion_in_any_phase_takes_job_and_entry_along(course: Course, phase: str, *, orphaned: bool) -> None:
    if phase == "Complete":
        executing(course).end_job("Complete")
    course.until(phase)
    course.step()  # whatever a phase brings with it
    if orphaned:
        del course.api.objects["Dataset", "demo-dataset"]
    course.api.delete(DATA_LOADS, "demo", NAME)
    while ("DataLoad", NAME) in course.api.objects and course.step() is not None:
        assert len(course.api.patches) < 20

    assert ("DataLoad", NAME) not in course.api.objects
    assert JOB not in course.api.objects
    assert orphaned or course.operations is None


def test_the_finalizer_stays_while_a_pod_of_the_job_does(course: Course) -> None:
    executing(course)
    labels = {"role": "dataload-pod", "release": "warm-up-loader"}
    owned = {"name": "p", "labels": labels, "ownerReferences": [{"kind": "Job", "uid": "u"}]}
    course.api.objects["Pod", "p"] = {"kind": "Pod", "metadata": owned}
    course.api.delete(DATA_LOADS, "demo", NAME)
    for _ in range(3):
        assert course.step() is not None
    del course.api.objects["Pod", "p"]
    course.step()

    assert ("DataLoad", NAME) not in course.api.objects


@pytest.mark.parametrize(("lifetime", "kept"), [(None, True), (0, False), (10**9, True)])
def test_a_finished_load_is_kept_for_its_time(course: Course, lifetime: int | None, *, kept: bool) -> None:
    course.load["spec"] |= {"ttlSecondsAfterFinished": lifetime} if lifetime is not None else {}
    executing(course).end_job("Complete")
    course.until("Complete")
    again = course.step()

    assert ("deletionTimestamp" not in course.load["metadata"]) is kept
    assert (again is None) is (lifetime != 10**9)


def test_nothing_is_begun_for_a_dataset_that_goes_but_what_runs_may_end(course: Course) -> None:
    course.api.objects["Dataset", "demo-dataset"]["metadata"]["deletionTimestamp"] = "now"
    course.step()
    assert course.api.patches == []
    del course.api.objects["Dataset", "demo-dataset"]["metadata"]["deletionTimestamp"]
    executing(course)
    course.api.objects["Dataset", "demo-dataset"]["metadata"] |= {"deletionTimestamp": "now", "finalizers": ["f"]}
    course.end_job("Complete")

    course.until("Complete")


def test_a_dataset_of_the_same_name_is_not_the_one_that_is_gone(course: Course) -> None:
    course.until("Pending")
    course.api.objects["Dataset", "demo-dataset"]["metadata"]["uid"] = "uid-of-another"
    before = len(course.api.patches)

    assert course.step() is not None
    assert len(course.api.patches) == before
