"""Reading through the mount: awkward sizes, names that are not there, writing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from suite import readers, scenario
from suite.case import DATA, Case
from suite.cluster import Object
from suite.conformance.sizes import binary_size
from suite.conformance.test_lifecycle import NAME, small
from suite.environment import Environment
from suite.fields import expect
from suite.marks import requirement
from suite.origin import SeededObject
from suite.readers import Reading

pytestmark = pytest.mark.smoke

# Around every boundary that a cache may have: nothing, one byte, a page, a block of 4 MiB, and no multiple of any.
SIZES = {
    "empty": 0,
    "one": 1,
    "page-1": 4095,
    "dir/block": 4 << 20,
    "dir/deeper/block+1": (4 << 20) + 1,
    "odd": 9_999_991,
}
READ_SECONDS = 60.0


@dataclass(kw_only=True)
class Library:
    """A Bound Dataset over small objects, and readers that all started at once."""

    case: Case
    objects: dict[str, SeededObject]
    readings: dict[str, Reading]


def readers_of(objects: dict[str, SeededObject]) -> dict[str, list[str]]:
    """Return each reader's arguments by its pod's name."""
    whole = [{"path": f"/data/{key}", "seed": item.seed, "size": item.size} for key, item in objects.items()]
    odd = objects["odd"]
    return {
        "sizes": ["--objects", json.dumps(whole)],
        "ranges": ["--path", "/data/odd", "--seed", odd.seed, "--size", str(odd.size), "--ranges", "50"],
        "listing": ["--path", "/data", "--list"],
        "missing": ["--path", "/data/no-such-object", "--expect-missing"],
        "writing": ["--path", "/data/new-file", "--expect-readonly"],
    }


@pytest.fixture(scope="module")
def library(environment: Environment) -> Iterator[Library]:
    """Return a Dataset of files with awkward sizes, Bound, and what its readers saw."""
    case = environment.new_case("library")
    bucket = f"{case.namespace}-data"
    environment.origin.store.make_bucket(bucket)
    objects = {
        key: environment.origin.put(bucket, key, seed=environment.seed_for(key), size=size)
        for key, size in SIZES.items()
    }
    case.create(*small(environment, bucket))
    case.wait_bound(NAME)
    pods = [scenario.reader_pod(name=name, claim=NAME, args=args) for name, args in readers_of(objects).items()]
    seen = readers.read_all(case, pods, seconds=READ_SECONDS)
    yield Library(case=case, objects=objects, readings={reading.pod: reading for reading in seen})
    case.delete_pods([reading.pod for reading in seen])
    case.delete_dataset(NAME)
    case.cluster.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": case.namespace}})


@requirement("FLUID-READ-CONTENT-001")
def test_every_byte_is_the_origins_for_awkward_sizes(library: Library) -> None:
    reading = library.readings["sizes"]

    assert reading.verified, str(reading)
    assert reading.bytes_read == sum(SIZES.values()), f"{reading}, expected {sum(SIZES.values())} bytes"


@requirement("FLUID-READ-CONTENT-001")
def test_every_byte_is_the_origins_for_ranges(library: Library) -> None:
    reading = library.readings["ranges"]

    assert reading.verified, str(reading)
    assert reading.bytes_read > 0, str(reading)


@requirement("FLUID-READ-LIST-002")
def test_names_and_sizes_are_the_origins(library: Library) -> None:
    reading = library.readings["listing"]

    listing = reading.report.get("listing")
    assert listing is not None, f"the reader could not list the mount: {reading}"
    assert {name: size for name, size in listing} == SIZES, f"{listing}, expected {SIZES}"  # noqa: C416 - pairs from JSON


@requirement("FLUID-STATUS-UFS-009", "FLUID-STATUS-SIZE-001")
def test_the_status_counts_the_origins_files_and_bytes(library: Library) -> None:
    seen = library.case.must_get(DATA, "Dataset", NAME)
    expect(seen, {("status", "fileNum"): str(len(SIZES)), ("status", "ufsTotal"): binary_size(sum(SIZES.values()))})


@requirement("FLUID-READ-MISSING-007")
def test_a_name_that_the_origin_does_not_have_is_not_found(library: Library) -> None:
    reading = library.readings["missing"]

    assert (reading.exit_code, reading.error) == (0, "ENOENT"), f"expected ENOENT: {reading}"


@requirement("FLUID-READ-READONLY-010", "FLUID-SIDECAR-RO-023")
def test_writing_into_the_dataset_fails_as_a_read_only_file_system(library: Library) -> None:
    reading = library.readings["writing"]

    assert (reading.exit_code, reading.error) == (0, "EROFS"), f"expected EROFS: {reading}"


@requirement("FLUID-HOOK-DONE-009")
def test_an_injected_pod_submitted_again_is_not_changed(library: Library) -> None:
    wanted = library.case.place(scenario.reader_pod(name="again", claim=NAME, args=["--path", "/data/one"]))
    once = library.case.cluster.expect_accepted(wanted, dry_run=True)
    twice = library.case.cluster.expect_accepted(_resubmitted(once), dry_run=True)

    expect(once, {("metadata", "labels", "done.sidecar.fluid.io/inject"): "true"})
    # Apart from its name the pod is what was submitted, so every field has to be the one that it had.
    expect(twice, {("spec", key): value for key, value in once["spec"].items()})
    expect(twice, {("metadata", key): once["metadata"].get(key) for key in ("labels", "annotations")})


def _resubmitted(stored: Object) -> Object:
    kept = {key: stored["metadata"][key] for key in ("namespace", "labels", "annotations")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": kept | {"name": "once-more"}, "spec": stored["spec"]}
