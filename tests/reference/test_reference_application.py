"""When a pod's sidecars are ended, by which command, and what is made of its end."""

import copy
from typing import cast

import pytest
from reference_objects import Object

from reference_impl.controllers.application_reconciler import AGAIN_SECONDS, ApplicationReconciler, sidecars_to_end
from reference_impl.controllers.controller import RetryError
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import ApiError, ApiUnreachableError, Executed, KubernetesApi, Resource
from reference_impl.kubernetes_exec import executed

RUNNING: Object = {"running": {}}
WAITING: Object = {"waiting": {"reason": "CrashLoopBackOff"}}
PATH = "/runtime-mnt/jindo/demo/data/jindofs-fuse"


def over(code: int = 0) -> Object:
    return {"terminated": {"exitCode": code}}


def pod(policy: str = "Never", **states: Object) -> Object:
    """Return a pod with a container for each state; `fuse_0` is named fluid-fuse-0."""
    named = {name.replace("fuse_", "fluid-fuse-"): state for name, state in states.items()}
    mounts = [{"name": "FLUID_MOUNT_PATH", "value": PATH}]
    return {
        "metadata": {
            "name": "reader",
            "namespace": "demo",
            "labels": {"fluid.io/managed-by": "fluid", "done.sidecar.fluid.io/inject": "true"},
        },
        "spec": {
            "restartPolicy": policy,
            "containers": [{"name": name, "env": mounts if "fuse" in name else []} for name in named],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": name, "state": state} for name, state in named.items()],
        },
    }


def ended(made: Object) -> list[str]:
    return [sidecar.name for sidecar in sidecars_to_end(made)]


@pytest.mark.parametrize("code", [0, 1, 137])
def test_a_client_is_ended_when_its_application_has_ended(code: int) -> None:
    assert ended(pod(fuse_0=RUNNING, app=over(code))) == ["fluid-fuse-0"]


def test_all_clients_of_a_pod_are_ended_and_those_that_ended_already_are_not_asked_again() -> None:
    assert ended(pod(fuse_0=RUNNING, fuse_1=RUNNING, app=over())) == ["fluid-fuse-0", "fluid-fuse-1"]
    assert ended(pod(fuse_0=over(), fuse_1=RUNNING, app=over())) == ["fluid-fuse-1"]
    assert ended(pod(fuse_0=over(), fuse_1=over(), app=over())) == []


@pytest.mark.parametrize(
    "states",
    [
        {"fuse_0": RUNNING, "app": RUNNING},
        {"fuse_0": RUNNING, "app": WAITING},
        {"fuse_0": RUNNING, "app": {}},
        {"fuse_0": RUNNING, "app": over(), "proxy": RUNNING},
        {"fuse_0": RUNNING},
        {"fuse_0": WAITING, "app": over()},
        {"fuse_0": RUNNING, "fuse_1": WAITING, "app": over()},
        {"app": over(), "other": RUNNING},
    ],
)
def test_a_client_that_somebody_may_need_stays(states: dict[str, Object]) -> None:
    assert ended(pod(**states)) == []


def test_between_two_attempts_the_client_stays() -> None:
    assert ended(pod("OnFailure", fuse_0=RUNNING, app=over(1))) == []
    assert ended(pod("OnFailure", fuse_0=RUNNING, app=over(0))) == ["fluid-fuse-0"]


def test_pods_that_are_restarted_end_by_themselves_or_are_not_ours_are_left_alone() -> None:
    assert ended(pod("Always", fuse_0=RUNNING, app=over())) == []
    for label in ("fluid.io/managed-by", "done.sidecar.fluid.io/inject"):
        foreign = pod(fuse_0=RUNNING, app=over())
        del foreign["metadata"]["labels"][label]
        assert ended(foreign) == []
    going = pod(fuse_0=RUNNING, app=over())
    going["metadata"]["deletionTimestamp"] = "now"
    assert ended(going) == []
    failed = pod(fuse_0=RUNNING, app=over())
    failed["status"]["phase"] = "Failed"
    assert ended(failed) == []
    untold = pod(fuse_0=RUNNING, app=over())
    untold["spec"]["containers"].append({"name": "late"})
    assert ended(untold) == []


def test_a_client_is_ended_by_its_own_hook_or_else_by_an_unmount() -> None:
    made = pod(fuse_0=RUNNING, fuse_1=RUNNING, fuse_2=RUNNING, app=over())
    made["spec"]["containers"][1]["lifecycle"] = {"preStop": {"exec": {"command": ["sh", "-c", "stop"]}}}
    made["spec"]["containers"][2]["env"] = [{"name": "FLUID_FUSE_MOUNTPOINT", "value": "/elsewhere"}]

    assert [sidecar.command for sidecar in sidecars_to_end(made)] == [
        ("umount", PATH),
        ("sh", "-c", "stop"),
        ("umount", "/elsewhere"),
    ]


class ScriptedApi:
    """One pod, and how its commands end."""

    def __init__(self, found: Object | None, outcomes: list[Executed | Exception]) -> None:
        self._found, self._outcomes = found, outcomes
        self.commands: list[tuple[str, ...]] = []

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return copy.deepcopy(self._found)

    def execute(self, found: Object, container: str, command: tuple[str, ...], *, seconds: float) -> Executed:
        self.commands.append((container, *command))
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def reconcile(found: Object | None, *outcomes: Executed | Exception, disabling_label: str = "") -> float | None:
    api = ScriptedApi(found, list(outcomes))
    reconciler = ApplicationReconciler(cast("KubernetesApi", api), disabling_label=disabling_label)
    return reconciler.reconcile(Key("demo", "reader"))


@pytest.mark.parametrize(
    "outcome",
    [
        Executed(code=0, output=""),
        Executed(code=32, output=f"umount: {PATH}: not mounted.\n"),
        Executed(code=137, output=""),
        ApiError(404, "NotFound", "pods reader not found"),
    ],
)
def test_a_client_that_was_asked_is_looked_at_again(outcome: Executed | Exception) -> None:
    assert reconcile(pod(fuse_0=RUNNING, app=over()), outcome) == AGAIN_SECONDS


@pytest.mark.parametrize(
    "outcome",
    [
        Executed(code=32, output="umount: target is busy.\n"),
        ApiUnreachableError("the command's end is unknown"),
        ApiError(403, "Forbidden", "no"),
    ],
)
def test_a_command_that_fails_is_tried_again_and_the_other_clients_are_asked_all_the_same(
    outcome: Executed | Exception,
) -> None:
    made = pod(fuse_0=RUNNING, fuse_1=RUNNING, app=over())
    api = ScriptedApi(made, [outcome, Executed(code=0, output="")])

    with pytest.raises(RetryError, match="fluid-fuse-0: "):
        ApplicationReconciler(cast("KubernetesApi", api)).reconcile(Key("demo", "reader"))

    assert [command[0] for command in api.commands] == ["fluid-fuse-0", "fluid-fuse-1"]


def test_a_client_that_nobody_knows_how_to_end_is_named() -> None:
    made = pod(fuse_0=RUNNING, app=over())
    made["spec"]["containers"][0]["env"] = []

    with pytest.raises(RetryError, match="fluid-fuse-0 has no preStop command and names no mount path: end it by hand"):
        reconcile(made)


def test_a_pod_that_is_gone_or_asks_to_be_left_alone_is_no_work() -> None:
    assert reconcile(None) is None
    asking = pod(fuse_0=RUNNING, app=over())
    asking["metadata"]["labels"]["alone"] = "true"
    assert reconcile(asking, disabling_label="alone") is None


def test_the_end_of_a_command_is_what_the_server_says() -> None:
    failed = '{"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "32"}]}}'

    assert executed('{"status": "Success"}', "said") == Executed(code=0, output="said")
    assert executed(failed, "") == Executed(code=32, output="")
    for broken in ("", "{", '{"status": "Failure", "message": "container not found"}'):
        with pytest.raises(ApiUnreachableError, match="the command's end is unknown"):
            executed(broken, "")
