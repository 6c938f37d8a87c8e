"""The sampler takes a sample at its start and at its end, and tells a look that failed instead of inventing one."""

import time
from typing import cast

import pytest

from fixtures.errors import InfrastructureError
from fixtures.targets import NodeObservation, Target
from suite.cluster import Cluster, Object
from suite.sampling import Sampler


class Quiet:
    """A cluster and its nodes, with one pod; it fails while it is told to."""

    def __init__(self) -> None:
        self.broken = False
        self.death: str | None = None
        self.asked: list[str] = []

    def alive(self) -> str | None:
        return self.death

    def observe(self) -> tuple[NodeObservation, ...]:
        return ()

    def list(self, _version: str, kind: str, _namespace: str | None = None) -> tuple[Object, ...]:
        self.asked.append(kind)
        if self.broken:
            raise InfrastructureError("no answer")
        pod = {"metadata": {"uid": "1", "namespace": "demo"}, "spec": {}}
        return (pod,) if kind == "Pod" else ()


@pytest.fixture
def quiet() -> Quiet:
    return Quiet()


@pytest.fixture
def sampler(quiet: Quiet) -> Sampler:
    return Sampler(
        cast("Cluster", quiet), cast("Target", quiet), began=time.monotonic(), control_namespace="fluid-system"
    )


def test_a_sample_is_taken_at_once_and_one_at_the_end(sampler: Sampler) -> None:
    sampler.start(every_seconds=60)
    assert [seen.pods for seen in sampler.samples] == [1]

    sampler.stop()
    sampler.stop()
    assert [seen.pods for seen in sampler.samples] == [1, 1]
    assert len(sampler.look_seconds) == 2


def test_samples_are_taken_in_between(sampler: Sampler) -> None:
    sampler.start(every_seconds=0.01)
    time.sleep(0.3)
    sampler.stop()

    assert len(sampler.samples) > 3


def test_a_look_is_one_list_of_each_kind(sampler: Sampler, quiet: Quiet) -> None:
    sampler.start(every_seconds=60)

    assert sorted(quiet.asked) == ["Dataset", "Deployment", "Pod"]
    sampler.stop()


def test_a_look_that_fails_is_no_sample_and_a_notice(sampler: Sampler, quiet: Quiet) -> None:
    quiet.broken = True
    sampler.start(every_seconds=60)
    quiet.broken = False
    sampler.stop()

    assert len(sampler.samples) == 1
    assert sampler.notices == ["no sample at 0 s: no answer"]


def test_who_has_died_is_not_asked_at_the_end(sampler: Sampler, quiet: Quiet) -> None:
    sampler.start(every_seconds=60)
    quiet.death = "etcd was ended by SIGKILL"
    sampler.stop()

    assert len(sampler.samples) == 1
    assert sampler.notices == []
