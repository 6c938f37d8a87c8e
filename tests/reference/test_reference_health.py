"""One line for each part of the control plane that is not well."""

from typing import Any

import pytest

from fixtures.implementations.health import ailments

Object = dict[str, Any]
DEPLOYMENT: Object = {
    "metadata": {"name": "jindoruntime-controller"},
    "spec": {"replicas": 1},
    "status": {"readyReplicas": 0, "conditions": [{"status": "False", "message": "quota exceeded"}]},
}


def pod(*, restarts: int = 0, ready: bool = False, conditions: list[Object] | None = None, **state: Object) -> Object:
    labels = {"control-plane": "jindoruntime-controller"}
    container = {"name": "manager", "restartCount": restarts, "ready": ready, "state": state}
    status = {"containerStatuses": [container], "conditions": conditions or []}
    return {"metadata": {"name": "jindoruntime-controller-x", "labels": labels}, "status": status}


def told(*pods: Object, deployment: Object = DEPLOYMENT) -> list[str]:
    return [str(found) for found in ailments([deployment], pods, lambda pod, container: "KeyError: 'spec'")]


def test_a_healthy_control_plane_has_nothing_to_tell() -> None:
    healthy = DEPLOYMENT | {"status": {"readyReplicas": 1}}

    assert told(pod(ready=True, running={}), deployment=healthy) == []


def test_a_crash_loop_is_told_with_its_last_words() -> None:
    looping = pod(restarts=3, waiting={"reason": "CrashLoopBackOff"})

    assert told(looping) == [
        "jindoruntime-controller is crash-looping (3 restarts), last line: KeyError: 'spec'",
    ]


def test_a_container_that_never_logged_is_told_by_how_it_ended() -> None:
    container = {
        "name": "manager",
        "restartCount": 3,
        "ready": False,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"reason": "StartError", "message": "exec python: no such file"}},
    }
    labels = {"control-plane": "dataset-controller"}
    ailing = {"metadata": {"name": "p", "labels": labels}, "status": {"containerStatuses": [container]}}

    (only,) = ailments([], [ailing], lambda _pod, _container: "")

    assert str(only).endswith("3 restarts), last line: (nothing logged) StartError: exec python: no such file")


def test_a_restart_is_told_also_after_it_helped() -> None:
    healthy = DEPLOYMENT | {"status": {"readyReplicas": 1}}

    assert told(pod(restarts=1, ready=True), deployment=healthy) == [
        "jindoruntime-controller was restarted (1 restart), last line: KeyError: 'spec'",
    ]


def test_an_image_that_cannot_be_had_and_a_node_that_cannot_be_found_are_told() -> None:
    unpulled = pod(waiting={"reason": "ErrImagePull", "message": "no such image"})
    unscheduled = pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "0/8 nodes are available"}])

    assert told(unpulled) == ["jindoruntime-controller cannot start, ErrImagePull: no such image"]
    assert told(unscheduled) == ["jindoruntime-controller cannot be scheduled: 0/8 nodes are available"]


def test_missing_pods_are_told_with_the_deployments_own_reason() -> None:
    assert told() == ["jindoruntime-controller has 0 of 1 pods ready: quota exceeded"]


@pytest.mark.parametrize(
    ("ailing", "hopeless"),
    [
        (pod(restarts=1, waiting={"reason": "CrashLoopBackOff"}), False),
        (pod(restarts=3, waiting={"reason": "CrashLoopBackOff"}), True),
        (pod(restarts=9, ready=True), False),
        (pod(waiting={"reason": "ImagePullBackOff"}), True),
    ],
)
def test_waiting_ends_early_only_where_it_is_in_vain(ailing: Object, *, hopeless: bool) -> None:
    (found,) = ailments([], [ailing], lambda pod, container: "")

    assert found.hopeless is hopeless
