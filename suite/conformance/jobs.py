"""Jobs and pods of the application controller's tests, and what their containers did.

Rule: Jobs are what a user writes, around the scenario's reader pod. Where a sidecar's end must be seen apart from any
cache, the pod is made by hand: its sidecar is a shell that runs until its own preStop command tells it to end.
"""

from collections.abc import Sequence
from typing import Any

from suite import scenario, waiting
from suite.case import Case, describe_trouble
from suite.cluster import Object
from suite.fields import at
from suite.readers import CONTAINER

SIDECAR = "fluid-fuse-"  # begins the name of every container that the webhook puts in
JOB_SECONDS = 120.0
STATE = "/state"
TICK = "sleep 0.1"
# Run by the kubelet's own rules of quoting: the shell gets the size as $1.
FAILS_TWICE = (
    f"n=$(cat {STATE}/n 2>/dev/null || echo 0); echo $((n + 1)) > {STATE}/n; "
    'test "$n" -ge 2 || exit 1; test "$(cat /data/file | wc -c)" -eq "$1"'
)
# A sidecar without a cache, and what it is ended by.
RUNS_UNTIL_TOLD = f"until test -e {STATE}/end; do {TICK}; done"
TELLS = f"echo called >> {STATE}/calls; touch {STATE}/end"
TELLS_AT_THE_SECOND_CALL = f'echo called >> {STATE}/calls; test "$(wc -l < {STATE}/calls)" -ge 2 && touch {STATE}/end'


def job(name: str, claims: Sequence[str], args: Sequence[str], *, policy: str = "Never", **spec: Any) -> Object:  # noqa: ANN401 - fields of a Job's spec
    """Return a Job of one reader over one claim at /data, over several at /data-0, /data-1 and so on."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template(name, claims, args, policy=policy), **spec},
    }


def template(name: str, claims: Sequence[str], args: Sequence[str], *, policy: str) -> Object:
    """Return the template of pods that ask for a sidecar for each claim."""
    pod = scenario.reader_pod(name=name, claim=claims[0], args=list(args))
    spec, metadata = pod["spec"], pod["metadata"]
    spec["restartPolicy"] = policy
    metadata["labels"]["app"] = name
    if claims[1:]:
        spec["volumes"] = [
            {"name": f"data-{index}", "persistentVolumeClaim": {"claimName": claim}}
            for index, claim in enumerate(claims)
        ]
        spec["containers"][0]["volumeMounts"] = [
            {"name": f"data-{index}", "mountPath": f"/data-{index}"} for index, _ in enumerate(claims)
        ]
    return {"metadata": {key: metadata[key] for key in ("labels", "annotations")}, "spec": spec}


def deployment(name: str, claim: str, args: Sequence[str]) -> Object:
    """Return a Deployment whose pod reads to its end again and again."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, [claim], args, policy="Always"),
        },
    }


def fails_twice(made: Object, size: int) -> Object:
    """Let a Job's reader end with 1 at its first two attempts, and read the file through a shell at the third."""
    spec = made["spec"]["template"]["spec"]
    (reader,) = spec["containers"]
    reader["command"], reader["args"] = ["sh", "-c", FAILS_TWICE, "reader"], [str(size)]
    reader["volumeMounts"].append({"name": "state", "mountPath": STATE})
    spec["volumes"].append({"name": "state", "emptyDir": {}})
    return made


def pod_by_hand(
    name: str, *, sidecar: str = f"{SIDECAR}0", tells: str = TELLS, without_label: str = "", beside: str = ""
) -> Object:
    """Return a pod as the webhook would leave it, whose containers are shells; its application ends at once."""
    pod = scenario.reader_pod(name=name, claim="none", args=[])
    mounts = [{"name": "state", "mountPath": STATE}]
    labels = {"app": name, "fluid.io/managed-by": "fluid", "done.sidecar.fluid.io/inject": "true"}

    def shell(container: str, script: str) -> Object:
        image = pod["spec"]["containers"][0]["image"]
        return {"name": container, "image": image, "command": ["sh", "-c", script], "volumeMounts": mounts}

    fuse = shell(sidecar, RUNS_UNTIL_TOLD)
    fuse["lifecycle"] = {"preStop": {"exec": {"command": ["sh", "-c", tells]}}}
    others = [shell("beside", beside)] if beside else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {key: value for key, value in labels.items() if key != without_label}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [fuse, shell(CONTAINER, "exit 0"), *others],
            "volumes": [{"name": "state", "emptyDir": {}}],
        },
    }


def wait_job(case: Case, name: str, *, seconds: float = JOB_SECONDS) -> Object:
    """Wait until a Job is Complete or Failed, whichever it is, and return it."""
    return waiting.until(
        f"the end of Job {case.namespace}/{name}",
        lambda: case.get("batch/v1", "Job", name),
        lambda seen: bool(outcome(seen)),
        seconds=seconds,
        describe=lambda seen: f"{seen.get('status', {})}; {'; '.join(map(told, pods_of(case, name)))}",
        patience=case.patience,
    )


def wait_pod(case: Case, name: str, *, seconds: float = JOB_SECONDS) -> Object:
    """Wait until a pod has Succeeded or Failed and return it."""
    return waiting.until(
        f"the end of Pod {case.namespace}/{name}",
        lambda: case.get("v1", "Pod", name),
        lambda seen: at(seen, "status", "phase") in {"Succeeded", "Failed"},
        seconds=seconds,
        describe=told,
        patience=case.patience,
    )


def wait_container(case: Case, app: str, *, state: str, times: int = 1) -> Object:
    """Wait until the reader of an app's pod has been in a state, for `terminated` that many times; return the pod."""

    def reached(pod: Object) -> bool:
        status = status_of(pod, CONTAINER)
        ends = status.get("restartCount", 0) + ("terminated" in status.get("state", {}))
        return ends >= times if state == "terminated" else state in status.get("state", {})

    pods = waiting.until(
        f"the reader of {case.namespace}/{app} {state} {times} times",
        lambda: pods_of(case, app),
        lambda seen: any(map(reached, seen)),
        seconds=JOB_SECONDS,
        describe=lambda seen: "; ".join(map(told, seen)) or "no pod",
        patience=case.patience,
    )
    return next(filter(reached, pods))


def pods_of(case: Case, app: str) -> tuple[Object, ...]:
    """Return the pods of a Job or Deployment."""
    return case.pods(f"app={app}")


def outcome(made: Object) -> str:
    """Return Complete or Failed, "" while a Job is neither."""
    conditions = at(made, "status", "conditions") or []
    ends = [each["type"] for each in conditions if each["status"] == "True" and each["type"] in {"Complete", "Failed"}]
    return "".join(ends)


def status_of(pod: Object, container: str) -> Object:
    """Return what a pod's status says of one container, {} where it says nothing."""
    statuses = at(pod, "status", "containerStatuses") or []
    return next((each for each in statuses if each["name"] == container), {})


def sidecars_of(pod: Object) -> list[Object]:
    """Return the statuses of a pod's sidecars."""
    return [each for each in at(pod, "status", "containerStatuses") or [] if each["name"].startswith(SIDECAR)]


def end_of(status: Object) -> Object | None:
    """Return how and when a container ended, None while it has not."""
    found: Object | None = at(status, "state", "terminated")
    return found


def host_paths(pod: Object) -> list[str]:
    """Return the directories on the node in which a pod's data appears."""
    paths = [at(volume, "hostPath", "path") for volume in pod["spec"]["volumes"]]
    return [path for path in paths if path]


def told(pod: Object) -> str:
    """Return a pod's phase and its containers' states in one line."""
    states = [
        f"{each['name']} {'/'.join(each.get('state', {}))} {at(each, 'state', 'terminated', 'exitCode')}"
        for each in at(pod, "status", "containerStatuses") or []
    ]
    return describe_trouble(pod) or f"{pod['metadata']['name']} {at(pod, 'status', 'phase')}: {', '.join(states)}"
