"""The scenario's spike: as many Locust users as it has readers, at once; every byte verified, every phase proven."""

from collections.abc import Iterator

import pytest

from suite.conformance.test_lifecycle import NAME
from suite.environment import Environment
from suite.errors import Void
from suite.marks import requirement
from suite.performance.spike import MOVED_BYTES, Spike
from suite.recording import Record


@pytest.fixture(scope="module")
def spike(environment: Environment) -> Iterator[Spike]:
    """Return the spike, whose phases the tests share."""
    case = environment.new_case("crowd")
    yield Spike(environment=environment, case=case)
    case.pods()
    case.delete_dataset(NAME)
    case.cluster.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": case.namespace}})


@requirement("FLUID-LOADGEN-BYTES-001")
def test_every_request_of_the_crowd_ends_with_every_byte_right(spike: Spike, record: Record) -> None:
    phases = spike.phases()
    record.section("load", spike.as_data())
    for phase in phases:
        record.observe(phase.name, phase.result)
        record.phase(f"load-{phase.name}", start=phase.began, end=phase.ended)
    bad = [f"{phase.name}: {line}" for phase in phases for line in phase.failures()]

    assert not bad, "\n  ".join(bad)


@requirement("FLUID-LOADGEN-ORIGIN-002")
def test_the_crowd_costs_the_origin_all_of_it_directly_one_object_cold_and_nothing_warm(spike: Spike) -> None:
    bad = [f"{phase.name}: {line}" for phase in spike.phases() for line in phase.misjudged_cost()]

    assert not bad, "\n  ".join(bad)


@requirement("FLUID-LOADGEN-CROWD-003")
def test_all_requests_of_the_crowd_were_under_way_at_the_same_time(spike: Spike) -> None:
    if doubts := [f"{phase.name}: {line}" for phase in spike.phases() for line in phase.too_few()]:
        raise Void("; ".join(doubts))


@requirement("FLUID-LOADGEN-LIMIT-004")
def test_the_generator_was_not_the_limit(spike: Spike) -> None:
    if doubts := [f"{phase.name}: {line}" for phase in spike.phases() for line in phase.limits()]:
        raise Void("; ".join(doubts))


@requirement("FLUID-LOADGEN-VOLUME-005")
def test_the_crowd_moved_enough_through_the_cache_to_say_something(spike: Spike) -> None:
    moved = {phase.name: phase.result["verifiedBytes"] for phase in (spike.cold(), spike.warm())}

    assert moved["warm"] >= MOVED_BYTES, f"verified bytes of phases: {moved}, expected {MOVED_BYTES} warm"
    assert moved["cold"] >= spike.users * spike.size, f"verified bytes of phases: {moved}, the object is {spike.size}"


@requirement("FLUID-LOADGEN-FIGURES-006")
def test_every_phase_has_its_times_and_locusts_own_page(spike: Spike, environment: Environment) -> None:
    for phase in spike.phases():
        seen = phase.as_data()
        page = (environment.directory / phase.html).read_text(encoding="utf-8")

        assert {"firstByte", "latency"} <= seen.keys(), f"{phase.name}: only {sorted(seen)}"
        assert 0 < seen["firstByte"]["p50"] <= seen["latency"]["p50"] <= seen["latency"]["max"], seen
        assert f'"{phase.name}"' in page, f"{phase.html} does not name phase {phase.name}"
