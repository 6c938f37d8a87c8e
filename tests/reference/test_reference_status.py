"""Status of runtime and Dataset from what was observed."""

from typing import Any

import pytest
from reference_objects import dataset, runtime

from reference_impl.controllers.jindo.observation import WorkerStats, parse_stats, trouble, waiting_for
from reference_impl.controllers.jindo.plan import make_plan
from reference_impl.controllers.jindo.status import Observed, bound_status, phase_of, runtime_status, unbound_status
from reference_impl.controllers.metadata import with_condition

NAMES = make_plan(dataset(), runtime()).names
STATS: dict[str, Any] = {
    "ready": True, "ufsTotalBytes": 1 << 30, "fileNum": 3, "cachedBytes": 256 << 20, "quotaBytes": 1 << 30,
    "hits": 3, "misses": 1, "originBytes": 0, "error": None,
}  # fmt: skip


def stats(worker: str = "w-0", **changed: object) -> WorkerStats:
    return parse_stats(worker, STATS | changed)


def observed(*answers: WorkerStats, ready: int = 2) -> Observed:
    return Observed(desired=2, current=2, ready=ready, available=ready, fuse={}, stats=answers)


@pytest.mark.parametrize(
    ("ready", "desired", "phase"), [(2, 2, "Ready"), (0, 0, "Ready"), (1, 2, "PartialReady"), (0, 2, "NotReady")]
)
def test_a_phase_follows_the_numbers(ready: int, desired: int, phase: str) -> None:
    assert phase_of(ready, desired) == phase


def test_a_bound_dataset_shows_the_sum_of_its_workers() -> None:
    status = bound_status(NAMES, observed(stats("w-0"), stats("w-1")), [])

    assert status["cacheStates"] == {
        "cacheCapacity": "2.00GiB",
        "cached": "512.00MiB",
        "cachedPercentage": "50.0%",
        "cacheHitRatio": "75.0%",
    }
    assert (status["ufsTotal"], status["fileNum"]) == ("1.00GiB", "3")
    assert status["runtimes"] == [
        {"name": "demo-dataset", "namespace": "demo", "category": "Accelerate", "type": "jindo"}
    ]


def test_what_no_worker_knows_yet_is_said_so() -> None:
    status = bound_status(NAMES, observed(stats(ufsTotalBytes=None, fileNum=None)), [])

    assert (status["ufsTotal"], status["fileNum"]) == ("[Calculating]", "[Calculating]")


def test_binding_takes_the_earlier_cause_away() -> None:
    earlier = [{"type": "NotReady", "status": "True", "message": "bad key", "lastTransitionTime": "then"}]
    (ready,) = bound_status(NAMES, observed(stats()), earlier)["conditions"]

    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "True", "DatasetReady")


def test_a_worker_with_an_error_does_not_serve() -> None:
    assert observed(stats(error="403")).serving == ()
    assert observed(stats(ready=False)).serving == ()


def test_the_runtimes_status_has_every_required_field_and_settles() -> None:
    first = runtime_status(NAMES, runtime(), observed(stats(), ready=1), set_up=True)
    again = runtime() | {"status": first}

    assert (first["masterPhase"], first["workerPhase"], first["fusePhase"]) == ("Ready", "PartialReady", "Ready")
    assert first["workerNumberReady"] == 1
    assert "setupDuration" not in first
    assert runtime_status(NAMES, again, observed(stats(), ready=1), set_up=True) == first


def test_without_runtime_nothing_of_it_is_left_in_the_dataset() -> None:
    assert unbound_status() == {
        "phase": "NotBound", "conditions": [], "runtimes": [], "cacheStates": None, "ufsTotal": None, "fileNum": None,
        "hcfs": None,
    }  # fmt: skip


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    wanted = {"type": "Ready", "status": "True", "message": "a"}
    first = with_condition([], wanted, now="t1")
    same = with_condition(first, wanted, now="t2")
    told = with_condition(first, wanted | {"message": "b"}, now="t2")
    turned = with_condition(first, wanted | {"status": "False"}, now="t2")

    assert same == first
    assert [found["lastTransitionTime"] for found in (*told, *turned)] == ["t1", "t2"]


def pod(**status: object) -> dict[str, Any]:
    return {"metadata": {"name": "w-0"}, "status": status}


def test_trouble_is_what_a_worker_says_or_why_its_pod_does_not_run() -> None:
    waiting = {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such\nimage"}}}
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/6 nodes"}

    assert trouble([], [stats(error="403 from the origin")]) == "worker w-0: 403 from the origin"
    assert trouble([pod(containerStatuses=[waiting])], []) == "worker w-0: ErrImagePull: no such image"
    assert trouble([pod(conditions=[unscheduled])], []) == "worker w-0: Unschedulable: 0/6 nodes"
    assert trouble([pod(containerStatuses=[{"state": {"waiting": {"reason": "ContainerCreating"}}}])], []) is None


def test_a_slow_start_names_the_pod_to_look_at() -> None:
    creating = pod(phase="Pending", containerStatuses=[{"state": {"waiting": {"reason": "ContainerCreating"}}}])

    assert waiting_for([creating], 2) == "0 of 2 workers ready, pod w-0 is in ContainerCreating: its events say why"
    assert waiting_for([pod(phase="Running", podIP="10.0.0.1")], 2) == "0 of 2 workers ready, 1 pods run"


def test_an_answer_without_its_fields_is_no_answer() -> None:
    with pytest.raises(KeyError):
        parse_stats("w-0", {"ready": True})
