"""What befalls the data path: a worker is killed, the origin is down, an object is replaced, room is short."""

from collections.abc import Iterator

import pytest

from suite.conformance.data_path import DOWN_SECONDS, QUOTA, WORKERS, DataPath
from suite.environment import Environment
from suite.errors import NothingObserved
from suite.marks import requirement
from suite.readers import Reading
from suite.recording import Record


@pytest.fixture(scope="module")
def path(environment: Environment) -> Iterator[DataPath]:
    """Return the small Dataset and what befalls it."""
    case = environment.new_case("data-path")
    yield DataPath(environment=environment, case=case)
    case.leave()


def errno_of(reading: Reading) -> str:
    """Return the name of the error that a read ended with; "" for none, and for one that is about what was read."""
    return str((reading.report.get("error") or {}).get("errno", ""))


@requirement("FLUID-READ-WORKERGONE-014")
def test_a_reader_whose_worker_is_killed_gets_no_error(path: DataPath, record: Record) -> None:
    reading = path.killed()
    record.observe("reader", str(reading))

    assert reading.verified, str(reading)


@requirement("FLUID-READ-CONTENT-001")
def test_a_reader_whose_worker_is_killed_gets_no_wrong_byte(path: DataPath) -> None:
    reading = path.killed()

    assert reading.verified or errno_of(reading), str(reading)


@requirement("FLUID-READ-WARM-004", "FLUID-READ-CONTENT-001")
def test_a_file_that_is_whole_on_the_readers_node_is_right_and_free(path: DataPath, record: Record) -> None:
    beside = path.beside()
    record.observe("transport", {reading.node: reading.transport or reading.mount for reading in beside.readings})
    bad = [str(reading) for reading in beside.readings if not reading.verified]

    assert beside.holder in {reading.node for reading in beside.readings}, f"nobody read on {beside.holder}"
    assert not bad, f"readers without all their bytes: {bad}"
    assert beside.cost.origin_bytes == 0, f"reading a cached file cost the origin {beside.cost.origin_bytes} bytes"


@requirement("FLUID-READ-ORIGINDOWN-009")
def test_cached_data_stays_readable_while_the_origin_is_down(path: DataPath) -> None:
    outage = path.outage()

    assert outage.before.verified, f"it was not cached, for before the origin was down: {outage.before}"
    assert outage.cached.verified, str(outage.cached)


@requirement("FLUID-READ-ORIGINDOWN-009")
def test_uncached_data_is_an_error_soon_while_the_origin_is_down(path: DataPath, record: Record) -> None:
    reading = path.outage().uncached
    record.observe("reader", str(reading))

    assert errno_of(reading) not in {"", "ENOENT"}, f"expected an error that is not the file's: {reading}"
    assert reading.seconds <= DOWN_SECONDS, f"an error after more than {DOWN_SECONDS:g} s: {reading}"


@requirement("FLUID-READ-ORIGINDOWN-009")
def test_what_could_not_be_read_can_be_once_the_origin_is_back(path: DataPath) -> None:
    after = path.outage().after

    assert after.verified, str(after)


@requirement("FLUID-READ-CHANGED-011")
def test_an_object_that_is_replaced_while_it_is_read_is_never_a_mixture(path: DataPath, record: Record) -> None:
    reading = path.replaced().reading
    record.observe("reader", str(reading))

    assert reading.verified or errno_of(reading), f"neither all of the old bytes nor an error: {reading}"


@requirement("FLUID-READ-CHANGED-011")
def test_whoever_opens_a_replaced_object_later_gets_one_version_whole(path: DataPath, record: Record) -> None:
    replaced = path.replaced()
    got = [replaced.versions.get(str(each.report.get("sha256")), "neither") for each in replaced.later]
    seen = list(zip(got, map(str, replaced.later), strict=True))
    record.observe("versions", seen)
    mixed = [
        told
        for (version, told), each in zip(seen, replaced.later, strict=True)
        if version == "neither" and not errno_of(each)
    ]

    assert seen, "nobody opened it"
    assert not mixed, f"neither the old bytes nor the new ones: {mixed}"
    assert got[-1] != "neither", f"nobody got it: {seen}"


@requirement("FLUID-READ-QUOTA-012")
def test_cached_bytes_stay_under_the_quota_while_more_is_read(path: DataPath, record: Record) -> None:
    crowded = path.crowded()
    most = {name: max(each.get(name, 0) for each in crowded.held) for name in sorted(crowded.workers)}
    altogether = max(sum(each.values()) for each in crowded.held)
    seen = {"looks": len(crowded.held), "byWorker": most, "altogether": altogether, "told": max(crowded.told)}
    record.observe("held", seen)
    limit = WORKERS * QUOTA

    assert crowded.reading.verified, str(crowded.reading)
    assert crowded.wanted > limit, f"{crowded.wanted} bytes fit into {limit}: that nothing spilled says nothing"
    if not any(most.values()):
        raise NothingObserved(f"no cached byte was ever seen on the node of any worker: {seen}")
    over = {name: bytes_ for name, bytes_ in most.items() if bytes_ > QUOTA}
    assert not over, f"workers with a quota of {QUOTA} bytes held {over}"
    assert altogether <= limit, f"pods and nodes held {altogether} bytes for a cache of {limit}"
    assert max(crowded.told) <= limit, f"the status told of {max(crowded.told)} cached bytes, of a cache of {limit}"
