"""Jobs end: once a pod's work is done its sidecars end too, whatever came of it, and not a moment earlier.

Rule: judged is what a user sees: the Job's condition, the pod's phase, how containers ended, and what is mounted on
the node.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from suite import readers
from suite.case import Case
from suite.cluster import Object
from suite.conformance import jobs
from suite.conformance.jobs import end_of, outcome, sidecars_of, status_of, told
from suite.conformance.test_lifecycle import small
from suite.environment import Environment
from suite.fields import at
from suite.marks import requirement
from suite.origin import SeededObject
from suite.readers import CONTAINER, Reading
from suite.recording import Record
from suite.stages import stage

SIZE = 3_000_001
DATASETS = ("demo", "second")
BARRIER_SECONDS = 30.0  # for readers that run to come to it
APP_CONTROLLER = "fluidapp-controller"
UNTOUCHED_SECONDS = 3  # in which whoever would end a sidecar has done so: the others of the same moment are ended


@dataclass(kw_only=True)
class Work:
    """Jobs of all kinds over two Datasets, started together."""

    environment: Environment
    case: Case

    @stage
    def file(self) -> SeededObject:
        """Make two Bound Datasets over one file."""
        bucket = f"{self.case.namespace}-data"
        self.environment.origin.store.make_bucket(bucket)
        seed = self.environment.seed_for("jobs")
        made = self.environment.origin.put(bucket, "file", seed=seed, size=SIZE)
        secret, *first = small(self.environment, bucket, name=DATASETS[0])
        _, *second = small(self.environment, bucket, name=DATASETS[1])
        self.case.create(secret, *first, *second)
        for name in DATASETS:
            self.case.wait_bound(name)
        return made

    def reading(self, *paths: str) -> list[str]:
        """Return the arguments of a reader that verifies the file at these paths."""
        file = self.file()
        goals = ", ".join(f'{{"path": "{path}", "seed": "{file.seed}", "size": {file.size}}}' for path in paths)
        return ["--objects", f"[{goals}]"]

    @stage
    def held(self) -> dict[str, list[str]]:
        """Start everything, hold two readers back; return the mounts of their pods on the nodes meanwhile."""
        self.file()
        barrier = f"{self.case.namespace}-jobs"
        waits = ["--barrier", f"{self.environment.barrier_url}/{barrier}?parties=3&timeout=60"]
        self.case.create(
            jobs.job("succeeds", DATASETS[:1], [*self.reading("/data/file"), *waits]),
            jobs.job("both", DATASETS, [*self.reading("/data-0/file", "/data-1/file"), *waits]),
            jobs.job("fails", DATASETS[:1], ["--path", "/data/no-such-file"], backoffLimit=0),
            jobs.fails_twice(jobs.job("fails-twice", DATASETS[:1], [], policy="OnFailure"), SIZE),
            jobs.deployment("always", DATASETS[0], self.reading("/data/file")),
        )
        pods = [jobs.wait_container(self.case, name, state="running") for name in ("succeeds", "both")]
        mounts = {pod["metadata"]["labels"]["app"]: mounts_of(self.environment, pod) for pod in pods}
        self.environment.origin.gateway.barrier(barrier, parties=3, seconds=BARRIER_SECONDS)
        return mounts

    def ended(self, name: str) -> tuple[Object, Object]:
        """Wait for a Job's end; return it and its only pod."""
        self.held()
        made = jobs.wait_job(self.case, name)
        pods = jobs.pods_of(self.case, name)
        assert len(pods) == 1, f"pods of Job {name}: {[told(pod) for pod in pods]}, expected one"
        return made, pods[0]


@pytest.fixture(scope="module")
def work(environment: Environment) -> Iterator[Work]:
    """Return the Jobs' stages; afterwards all of it is deleted, and the final sweep waits for it."""
    case = environment.new_case("jobs")
    yield Work(environment=environment, case=case)
    case.pods()
    for api_version, kind in (("batch/v1", "Job"), ("apps/v1", "Deployment"), ("v1", "Pod")):
        for left in case.cluster.list(api_version, kind, case.namespace):
            case.cluster.delete(left)
    for name in DATASETS:
        case.delete_dataset(name)
    case.cluster.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": case.namespace}})


@requirement("FLUID-APP-EXIT-002", "FLUID-APP-CODE-004")
def test_a_job_whose_application_succeeded_is_complete(work: Work, record: Record) -> None:
    made, pod = work.ended("succeeds")
    record.observe("seconds from the application's end to the sidecar's", lag(pod))

    assert reading_of(work.case, pod).verified, str(reading_of(work.case, pod))
    assert (outcome(made), at(pod, "status", "phase")) == ("Complete", "Succeeded"), told(pod)
    every_sidecar_ended_well(pod, 1)


@requirement("FLUID-APP-EXIT-002", "FLUID-APP-MULTI-006")
def test_no_mount_of_a_finished_job_is_left_on_its_node(work: Work, environment: Environment) -> None:
    before = work.held()
    for name, expected in (("succeeds", 1), ("both", 2)):
        _, pod = work.ended(name)
        left = mounts_of(environment, pod)

        assert len(before[name]) == expected, f"mounts while {name} ran: {before[name]}, expected {expected}"
        assert not left, f"mounts of finished Job {name} on {pod['spec']['nodeName']}: {left}"


@requirement("FLUID-APP-FAIL-003")
def test_a_job_whose_application_failed_has_failed(work: Work) -> None:
    made, pod = work.ended("fails")
    code = at(end_of(status_of(pod, CONTAINER)), "exitCode")

    assert code == 1, f"the reader of a missing file ended with {code}, expected 1"
    assert (outcome(made), at(pod, "status", "phase")) == ("Failed", "Failed"), told(pod)
    every_sidecar_ended_well(pod, 1)


@requirement("FLUID-APP-MULTI-006")
def test_all_sidecars_of_a_pod_with_two_datasets_end(work: Work) -> None:
    made, pod = work.ended("both")

    assert reading_of(work.case, pod).bytes_read == 2 * SIZE, str(reading_of(work.case, pod))
    assert (outcome(made), at(pod, "status", "phase")) == ("Complete", "Succeeded"), told(pod)
    every_sidecar_ended_well(pod, 2)


@requirement("FLUID-APP-ONFAILURE-012")
def test_the_sidecar_lives_until_the_last_attempt_of_its_application(work: Work) -> None:
    made, pod = work.ended("fails-twice")
    reader, (sidecar,) = status_of(pod, CONTAINER), sidecars_of(pod)

    assert outcome(made) == "Complete", told(pod)
    assert reader["restartCount"] == 2, f"the application was restarted {reader['restartCount']} times, expected 2"
    assert sidecar["restartCount"] == 0, f"the sidecar was ended {sidecar['restartCount']} times between attempts"
    assert lag(pod) >= 0, f"the sidecar ended {-lag(pod)} s before the last attempt"


@requirement("FLUID-APP-ALWAYS-005")
def test_the_sidecar_of_a_pod_that_is_always_restarted_is_left_alone(work: Work) -> None:
    work.ended("succeeds")  # the controller is at work, …
    pod = jobs.wait_container(work.case, "always", state="terminated", times=2)
    (before,) = sidecars_of(pod)
    seen = work.case.cluster.history(pod, seconds=UNTOUCHED_SECONDS)  # … and has had the time for this one, too
    states = [sidecars_of(each)[0] for each in seen] or [before]

    assert "running" in states[-1]["state"], told(pod)
    assert {each["restartCount"] for each in states} == {0}, "the sidecar of a pod that is restarted was ended"


@requirement("FLUID-APP-WHEN-001")
def test_only_sidecars_of_finished_pods_that_are_marked_as_fluids_are_ended(work: Work) -> None:
    stay = ("not-managed", "not-done", "still-busy", "no-sidecar")
    work.case.create(
        jobs.pod_by_hand(stay[0], without_label="fluid.io/managed-by"),
        jobs.pod_by_hand(stay[1], without_label="done.sidecar.fluid.io/inject"),
        jobs.pod_by_hand(stay[2], beside="sleep 3600"),
        jobs.pod_by_hand(stay[3], sidecar="helper"),
    )
    for name in stay:
        jobs.wait_container(work.case, name, state="terminated")
    work.case.create(jobs.pod_by_hand("finished"))
    ended = jobs.wait_pod(work.case, "finished")
    last = work.case.cluster.history(ended, seconds=UNTOUCHED_SECONDS)

    assert at(ended, "status", "phase") == "Succeeded", f"{told(ended)}, {len(last)} versions since"
    for name in stay:
        pod = work.case.must_get("v1", "Pod", name)
        assert "running" in status_of(pod, pod["spec"]["containers"][0]["name"]).get("state", {}), told(pod)


@requirement("FLUID-APP-EXIT-002", "FLUID-APP-RETRY-007")
def test_a_sidecar_whose_first_ending_fails_is_ended_by_the_next_one(work: Work) -> None:
    work.case.create(jobs.pod_by_hand("retried", tells=jobs.TELLS_AT_THE_SECOND_CALL))
    pod = jobs.wait_pod(work.case, "retried")

    assert at(pod, "status", "phase") == "Succeeded", told(pod)


@requirement("FLUID-APP-RESTART-013")
def test_a_pod_that_finished_while_nobody_watched_is_ended_afterwards(work: Work, environment: Environment) -> None:
    work.file()
    with environment.quiet.alone():  # no other test's Jobs wait for this controller
        with environment.control_plane.without(APP_CONTROLLER):
            work.case.create(jobs.job("unwatched", DATASETS[:1], work.reading("/data/file")))
            meanwhile = jobs.wait_container(work.case, "unwatched", state="terminated")
            held = work.case.cluster.history(meanwhile, seconds=1) or (meanwhile,)
        made = jobs.wait_job(work.case, "unwatched")
    (pod,) = jobs.pods_of(work.case, "unwatched")

    assert all("running" in each["state"] for each in sidecars_of(held[-1])), f"nobody was away: {told(held[-1])}"
    assert outcome(made) == "Complete", told(pod)
    every_sidecar_ended_well(pod, 1)


def reading_of(case: Case, pod: Object) -> Reading:
    """Return what a finished pod's reader reported."""
    (reading,) = readers.collect(case, [pod["metadata"]["name"]], seconds=0.0)
    return reading


def every_sidecar_ended_well(pod: Object, count: int) -> None:
    """Demand so many sidecars, and that each has ended with 0: any other code would be the pod's."""
    sidecars = sidecars_of(pod)
    assert len(sidecars) == count, f"sidecars of {told(pod)}: {len(sidecars)}, expected {count}"
    codes = {each["name"]: at(end_of(each), "exitCode") for each in sidecars}
    assert set(codes.values()) == {0}, f"exit codes of the sidecars: {codes}, expected 0"


def lag(pod: Object) -> float:
    """Return the seconds from the application's end to the last sidecar's; the API tells whole ones."""
    ends = [end_of(status) for status in (status_of(pod, CONTAINER), *sidecars_of(pod))]
    assert all(ends), f"not ended: {told(pod)}"
    app, *sidecars = (datetime.fromisoformat(at(end, "finishedAt")) for end in ends)
    return (max(sidecars) - app).total_seconds()


def mounts_of(environment: Environment, pod: Object) -> list[str]:
    """Return what is mounted on the pod's node where its data appears."""
    nodes = [node for node in environment.target.observe() if node.node == pod["spec"]["nodeName"]]
    assert nodes, f"nothing was seen of node {pod['spec']['nodeName']}"
    return [mount.path for mount in nodes[0].mounts if mount.path in jobs.host_paths(pod)]
