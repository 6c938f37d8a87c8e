"""Reading through the mount: awkward sizes, names that are not there, writing, wrong credentials."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from suite import readers, scenario, waiting
from suite.case import DATA, Case, condition, describe_event, phase_of
from suite.cluster import Object
from suite.conformance.sizes import binary_size
from suite.conformance.test_lifecycle import NAME, small
from suite.environment import Environment
from suite.errors import WaitFailed
from suite.fields import expect
from suite.marks import requirement
from suite.origin import Origin, SeededObject
from suite.readers import Reading

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
# What a reader may get, and what a cause may call it, when the origin refuses the credentials.
DENIED = frozenset({"EACCES", "EPERM", "EIO"})
CAUSES = ("AccessDenied", "SignatureDoesNotMatch", "credentials")


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


@pytest.mark.smoke
@requirement("FLUID-READ-CONTENT-001")
def test_every_byte_is_the_origins_for_awkward_sizes(library: Library) -> None:
    reading = library.readings["sizes"]

    assert reading.verified, str(reading)
    assert reading.bytes_read == sum(SIZES.values()), f"{reading}, expected {sum(SIZES.values())} bytes"


@pytest.mark.smoke
@requirement("FLUID-READ-CONTENT-001")
def test_every_byte_is_the_origins_for_ranges(library: Library) -> None:
    reading = library.readings["ranges"]

    assert reading.verified, str(reading)
    assert reading.bytes_read > 0, str(reading)


@pytest.mark.smoke
@requirement("FLUID-READ-LIST-002")
def test_names_and_sizes_are_the_origins(library: Library) -> None:
    reading = library.readings["listing"]

    listing = reading.report.get("listing")
    assert listing is not None, f"the reader could not list the mount: {reading}"
    assert {name: size for name, size in listing} == SIZES, f"{listing}, expected {SIZES}"  # noqa: C416 - pairs from JSON


@pytest.mark.smoke
@requirement("FLUID-STATUS-UFS-009", "FLUID-STATUS-SIZE-001")
def test_the_status_counts_the_origins_files_and_bytes(library: Library) -> None:
    seen = library.case.must_get(DATA, "Dataset", NAME)
    expect(seen, {("status", "fileNum"): str(len(SIZES)), ("status", "ufsTotal"): binary_size(sum(SIZES.values()))})


@pytest.mark.smoke
@requirement("FLUID-READ-MISSING-007")
def test_a_name_that_the_origin_does_not_have_is_not_found(library: Library) -> None:
    reading = library.readings["missing"]

    assert (reading.exit_code, reading.error) == (0, "ENOENT"), f"expected ENOENT: {reading}"


@pytest.mark.smoke
@requirement("FLUID-READ-READONLY-010", "FLUID-SIDECAR-RO-023")
def test_writing_into_the_dataset_fails_as_a_read_only_file_system(library: Library) -> None:
    reading = library.readings["writing"]

    assert (reading.exit_code, reading.error) == (0, "EROFS"), f"expected EROFS: {reading}"


@pytest.mark.smoke
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


@pytest.mark.smoke
@requirement("FLUID-READ-DENIED-008")
def test_wrong_credentials_are_told_and_never_read_as_an_empty_file(environment: Environment, case: Case) -> None:
    told_and_never_read(environment, case, environment.origin)


@requirement("FLUID-READ-DENIED-008")
def test_wrong_oss_credentials_are_told_and_never_read_as_an_empty_file(environment: Environment, case: Case) -> None:
    told_and_never_read(environment, case, environment.oss)


def told_and_never_read(environment: Environment, case: Case, origin: Origin) -> None:
    """Judge a Dataset of a store by one of its doors whose Secret holds a wrong secret."""
    bucket = f"{case.namespace}-data"
    environment.origin.store.make_bucket(bucket)
    environment.origin.put(bucket, "file", seed=environment.seed_for("denied"), size=1000)
    secret, dataset, runtime = small(environment, bucket, origin=origin)
    secret["stringData"][f"fs.{origin.store.naming.scheme}.accessKeySecret"] = "not-the-secret"
    _, created, _ = case.create(secret, dataset, runtime)
    with suppress(WaitFailed):  # a cause that stands in a log alone is found below
        waiting.until(
            f"Dataset {case.namespace}/{NAME} that is Bound, or says why it cannot be",
            lambda: case.dataset(NAME),
            lambda found: phase_of(found) == "Bound" or any(map(blames_credentials, shown_causes(case, found))),
            seconds=20,
            patience=case.patience,
        )
    if any(phase_of(version) == "Bound" for version in case.cluster.history(created, seconds=2)):
        # Allowed as well, if every read then fails: so it is tried.
        case.wait_bound(NAME)
        args = ["--path", "/data/file", "--seed", environment.seed_for("denied"), "--size", "1000"]
        (reading,) = readers.read_all(
            case, [scenario.reader_pod(name="denied", claim=NAME, args=args)], seconds=READ_SECONDS
        )
        assert reading.error in DENIED, f"a read with wrong credentials ended without a clean error: {reading}"
    seen = case.must_get(DATA, "Dataset", NAME)
    told = [*shown_causes(case, seen), *logged_causes(case)]

    assert any(map(blames_credentials, told)), f"no condition, event or log names the credentials: {told}"
    assert "not-the-secret" not in f"{seen}{told}", "the secret stands in the Dataset, an event or a log"


def shown_causes(case: Case, dataset: Object) -> list[str]:
    """Return what the API says about why a Dataset does not work: condition NotReady and Warning events."""
    told = condition(dataset, "NotReady")
    events = [describe_event(event) for event in case.warnings(NAME)]
    return [anonymous(case, cause) for cause in ([str(told.get("message"))] if told else []) + events]


def logged_causes(case: Case) -> list[str]:
    """Return the lines in the logs of a case's containers that are about credentials."""
    logs = case.cluster.logs(case.namespace)
    lines = [anonymous(case, f"log of {name}: {line}") for name, text in logs for line in text.splitlines()]
    return [line for line in lines if blames_credentials(line)]


def anonymous(case: Case, cause: str) -> str:
    """Return a cause without the case's name, which speaks of credentials itself."""
    return cause.replace(case.namespace, "NS")


def blames_credentials(cause: str) -> bool:
    """Tell whether a cause says that it is the credentials."""
    return any(word in cause for word in CAUSES)
