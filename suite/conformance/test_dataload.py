"""DataLoad: the scenario with its data loaded first, and small loads that end in every way that they can."""

import json
import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from suite import waiting
from suite.case import DATA, Case, condition, describe_dataset, phase_of
from suite.cluster import Object
from suite.conformance.phases import cost_the_origin, keep, verified
from suite.conformance.shelf import HUGE, LATE, LATE_SIZE, MORE, POD, TTL_SECONDS, Shelf
from suite.conformance.sizes import STATUS_PERCENT, binary_size
from suite.conformance.test_lifecycle import NAME
from suite.credentials import CredentialSearch
from suite.environment import Environment
from suite.fields import at, expect, title
from suite.loading import (
    data_load,
    finished,
    job_of,
    pods_of,
    running_operations,
    wait_event,
    wait_gone,
    wait_load,
)
from suite.loading_story import LoadingStory
from suite.marks import requirement
from suite.recording import Record

FINALIZER = "fluid-dataload-controller-finalizer"
GO_DURATION = r"(\d+h)?(\d+m)?\d+(\.\d+)?s"
SEEN_SECONDS = 2.0  # of a load that takes so long, progress is to be seen on the way
START_SECONDS = 3.0  # by which two pods' starts may differ


@pytest.fixture(scope="module")
def loading(environment: Environment) -> Iterator[LoadingStory]:
    """Return the scenario whose data is loaded first."""
    case = environment.new_case("loading")
    yield LoadingStory(environment=environment, case=case)
    case.leave()


@pytest.fixture(scope="module")
def shelf(environment: Environment) -> Iterator[Shelf]:
    """Return the small Dataset and what is loaded of it."""
    case = environment.new_case("shelf")
    yield Shelf(environment=environment, case=case)
    case.leave()


# The scenario with its data loaded first.


@requirement("FLUID-LOAD-ONCE-104", "FLUID-OP-COMPLETE-013")
def test_loading_the_scenarios_object_costs_the_origin_its_bytes_once(loading: LoadingStory, record: Record) -> None:
    load, size = loading.loaded(), loading.content().size
    record.phase("dataload", start=load.start, end=load.end)
    record.measurement(
        name="dataload",
        phase="dataload",
        unit="s",
        value=round(load.seconds, 3),
        low=round(load.seconds, 3),
        high=round(load.seconds, 3),
        samples=1,
        void=0,
        state="cold",
        originBytes=load.cost.origin_bytes,
        readBytes=size,
        seconds=round(load.seconds, 3),
    )
    told = f"the load cost the origin {load.cost.origin_bytes} bytes in {load.cost.gets} GETs"

    assert load.cost.origin_bytes == size, f"{told}, expected {size}"


@requirement("FLUID-LOAD-PROGRESS-101")
def test_progress_grows_and_ends_at_everything(loading: LoadingStory, record: Record) -> None:
    load, size = loading.loaded(), loading.content().size
    history = loading.case.cluster.history(load.created)
    seen = [(phase_of(version), at(version, "status", "infos", "progress")) for version in history]
    record.observe("progress", seen)
    shares = [progress for _, progress in seen if progress is not None]
    badly = [progress for progress in shares if not re.fullmatch(STATUS_PERCENT, progress)]
    numbers = [float(progress.removesuffix("%")) for progress in shares if progress not in badly]
    rate = loading.environment.settings.origin_bytes_per_second

    assert shares, f"no version of the DataLoad tells its progress in status.infos: {seen}"
    assert not badly, f"progress is {badly}, expected {STATUS_PERCENT}"
    assert numbers == sorted(numbers), f"progress went back: {shares}"
    early = [phase for phase, progress in seen if progress == "100.0%" and phase != "Complete"]
    assert not early, f"100.0% was told of a DataLoad in phase {early[0]}"
    everything = {"progress": "100.0%", "loaded": binary_size(size), "total": binary_size(size)}
    expect(load.ended, {("status", "infos", key): value for key, value in everything.items()})
    if rate and size / rate >= SEEN_SECONDS:
        assert any(0 < number < 100 for number in numbers), f"nothing was told on the way: {shares}"


@requirement("FLUID-LOAD-AGAIN-008")
def test_a_second_load_of_the_same_data_is_no_slower_and_free(loading: LoadingStory, record: Record) -> None:
    first, second = loading.loaded(), loading.again()
    record.observe("seconds", {"first": round(first.seconds, 2), "second": round(second.seconds, 2)})
    rate = loading.environment.settings.origin_bytes_per_second

    # Where the origin's cap does not make the first one long, both are no more than the start and end of a pod.
    slack = 0.0 if rate and first.cost.origin_bytes / rate >= SEEN_SECONDS else START_SECONDS

    assert second.cost.origin_bytes == 0, f"the second load cost the origin {second.cost.origin_bytes} bytes"
    told = f"first {first.seconds:.2f} s, second {second.seconds:.2f} s"
    assert second.seconds <= first.seconds + slack, told


@requirement("FLUID-LOAD-WARM-007")
def test_readers_of_loaded_data_cost_the_origin_nothing(loading: LoadingStory, record: Record) -> None:
    phase, settings = loading.read(), loading.environment.settings
    keep(record, phase, state="loaded")
    verified(phase, settings.object_bytes)

    cost_the_origin(phase, 0, settings.object_bytes)


@requirement("FLUID-REL-R7", "FLUID-OP-DSDELETE-019", "FLUID-ZERO-Z0", "FLUID-ZERO-Z1")
def test_the_datasets_deletion_takes_its_loads_along(loading: LoadingStory) -> None:
    released = loading.released()
    loads = loading.case.cluster.list(DATA, "DataLoad", loading.case.namespace)
    objects = released.of("object")

    assert loading.loaded(), "nothing was ever loaded"
    assert not loads, f"still there: {[title(load) for load in loads]}\n{released.late}"
    assert not objects, released.told(objects)


@requirement("FLUID-REL-R10")
def test_no_loaded_byte_is_left_on_any_node(loading: LoadingStory) -> None:
    released = loading.released()
    traces = released.of("mount", "process", "bytes")

    assert not traces, released.told(traces)


# Small loads.


@requirement("FLUID-OP-NODATASET-002", "FLUID-OP-UNBOUND-003")
def test_a_load_waits_for_its_dataset_and_its_runtime(shelf: Shelf) -> None:
    early = shelf.early()

    for seen in (early.missing, early.unbound):
        assert phase_of(seen) == "", f"{title(seen)} is in phase {phase_of(seen)!r}, expected none"
    assert phase_of(early.load.ended) == "Complete", f"{title(early.load.ended)} is {phase_of(early.load.ended)}"


@requirement("FLUID-OP-PHASE-001", "FLUID-OP-FINAL-004", "FLUID-OP-PENDING-006")
def test_a_load_goes_through_the_phases_in_order(shelf: Shelf) -> None:
    early = shelf.early()
    phases = list(dict.fromkeys(phase_of(version) for version in early.history))
    dataset = shelf.case.must_get(DATA, "Dataset", NAME)
    nameless = [version for version in early.history if phase_of(version) and not _adopted(version, dataset)]
    ownerless = [v for v in early.history if not at(v, "metadata", "ownerReferences")]
    pending = next(version for version in early.history if phase_of(version) == "Pending")

    assert phases == ["", "Pending", "Executing", "Complete"], f"phases {phases}"
    assert not nameless, f"in phase {phase_of(nameless[0])} without finalizer or owner: {nameless[0]['metadata']}"
    assert any(FINALIZER in (at(version, "metadata", "finalizers") or []) for version in ownerless), (
        f"there was an ownerReference before finalizer {FINALIZER}"
    )
    expect(pending, {("status", "duration"): "Unfinished", ("status", "conditions"): []})


def _adopted(version: Object, dataset: Object) -> bool:
    owners = [owner["uid"] for owner in at(version, "metadata", "ownerReferences") or []]
    return FINALIZER in (at(version, "metadata", "finalizers") or []) and dataset["metadata"]["uid"] in owners


@requirement("FLUID-OP-COMPLETE-013", "FLUID-OP-JOB-012")
def test_a_complete_load_has_followed_one_job_of_its_own(shelf: Shelf) -> None:
    early = shelf.early()
    load = early.load.ended
    owners = [owner["uid"] for owner in at(early.job, "metadata", "ownerReferences") or []]
    wait_event(shelf.case, "DataOperationSucceed", name="early")

    assert owners == [load["metadata"]["uid"]], f"owners of {title(early.job)}: {owners}"
    expect(condition(load, "Complete"), {("status",): "True"}, what="condition Complete")
    took = at(load, "status", "duration") or ""
    assert re.fullmatch(GO_DURATION, took), f"duration is {took!r}, expected one as Go writes it"


@requirement("FLUID-LOAD-POD-009")
def test_what_a_load_says_of_its_pod_reaches_the_pod(shelf: Shelf) -> None:
    (pod,) = shelf.early().pods
    labels = {"role": "dataload-pod", "release": "early-loader", "targetDataset": NAME, "team": "a"}
    key, value = next(iter(POD["podMetadata"]["annotations"].items()))  # type: ignore[index]

    expect(pod, {("metadata", "labels", name): wanted for name, wanted in labels.items()})
    expect(pod, {("metadata", "annotations", key): value})
    expect(pod, {("spec", field): POD[field] for field in ("affinity", "nodeSelector", "schedulerName")})
    tolerations = at(pod, "spec", "tolerations") or []
    assert POD["tolerations"][0] in tolerations, f"tolerations of {title(pod)}: {tolerations}"  # type: ignore[index]
    expect(at(pod, "spec", "containers", 0), {("resources",): POD["resources"]}, what=f"container of {title(pod)}")


@requirement("FLUID-LOAD-SECRET-103")
def test_the_pod_of_a_load_holds_no_secret(shelf: Shelf) -> None:
    (pod,) = shelf.early().pods
    spec = json.dumps(pod["spec"])

    assert "containers" in spec, f"{title(pod)} has no containers: nothing was looked at"
    named = [word for word in ("secret", "serviceAccountToken") if f'"{word}' in spec]
    assert not named, f"{title(pod)} is given {named}: {spec}"


@requirement("FLUID-LOAD-TARGET-002")
def test_only_the_paths_that_a_load_names_are_loaded(shelf: Shelf) -> None:
    cost = shelf.early().load.cost.by_object
    wanted = {item.metered_as: item.size if path.startswith("in/") else 0 for path, item in shelf.objects().items()}

    assert {name: cost.get(name, 0) for name in wanted} == wanted, f"origin bytes by object: {cost}"


@requirement("FLUID-OP-PARALLEL-008", "FLUID-LOAD-ALL-001", "FLUID-LOAD-ONCE-104")
def test_two_loads_of_everything_at_once_both_complete_and_share_the_cost(shelf: Shelf) -> None:
    cost, loads = shelf.pair()
    # What a load before has brought costs nothing now.
    wanted = {item.metered_as: 0 if path.startswith("in/") else item.size for path, item in shelf.objects().items()}

    assert f"/{shelf.bucket}-{MORE}/{MORE}" in wanted, "there is no second mount: nothing was looked at"
    assert {name: cost.by_object.get(name, 0) for name in wanted} == wanted, f"origin bytes: {cost.by_object}"
    left = running_operations(shelf.case, NAME) & {load["metadata"]["name"] for load in loads}
    assert not left, f"operationRef still names {left}"


@requirement("FLUID-LOAD-ALL-001")
def test_after_a_load_of_everything_the_status_says_that_it_is_cached(shelf: Shelf) -> None:
    seen = shelf.cached()
    everything = binary_size(sum(item.size for item in shelf.objects().values()))

    expect(seen, {("status", "cacheStates", "cached"): everything})


@requirement("FLUID-LOAD-META-003")
def test_an_object_that_came_after_bound_is_loaded_with_its_names(shelf: Shelf) -> None:
    stored, load = shelf.late()
    cost, reading = shelf.reading()

    assert load.cost.by_object.get(stored.metered_as) == LATE_SIZE, f"loading {LATE} cost {load.cost.by_object}"
    assert load.cost.origin_bytes == LATE_SIZE, f"what was there cost the origin bytes again: {load.cost.by_object}"
    assert reading.verified, str(reading)
    assert cost.by_object.get(stored.metered_as) == 0, f"reading {LATE} cost {cost.by_object}"


@requirement("FLUID-LOAD-NOPATH-006", "FLUID-OP-FAILED-014")
def test_a_load_of_a_path_that_the_origin_lacks_fails(shelf: Shelf, record: Record) -> None:
    shelf.crowd()
    failed = wait_load(shelf.case, "nowhere", "Failed")
    job = job_of(shelf.case, "nowhere") or {}
    shelf.case.wait_warning("DataOperationFailed", kind="DataLoad", name="nowhere", seconds=20)
    record.observe("condition", condition(failed, "Failed"))
    reason = next((c.get("reason") for c in at(job, "status", "conditions") or [] if c["type"] == "Failed"), None)
    cost, reading = shelf.reading()

    expect(condition(failed, "Failed"), {("status",): "True", ("reason",): reason}, what="condition Failed")
    expect(job, {("spec", "backoffLimit"): 1})
    assert phase_of(shelf.case.must_get(DATA, "Dataset", NAME)) == "Bound", "the Dataset is no longer Bound"
    assert reading.verified, str(reading)
    assert cost.origin_bytes == 0, f"reading what other loads have brought cost {cost.by_object}"


@requirement("FLUID-LOAD-FIT-102")
def test_a_load_that_does_not_fit_is_never_complete(shelf: Shelf, record: Record) -> None:
    ended = shelf.huge()
    record.observe("conditions", at(ended, "status", "conditions"))

    assert phase_of(ended) == "Failed", f"/{HUGE} does not fit into the cache, yet its load is {phase_of(ended)}"
    assert at(ended, "status", "infos", "progress") != "100.0%", "progress says that all of it is loaded"
    assert at(condition(ended, "Failed"), "message"), f"no condition says why: {at(ended, 'status')}"


@requirement("FLUID-OP-UNSUPPORTED-010", "FLUID-OP-ONEVENT-025")
@pytest.mark.parametrize("name", ["cron", "on-event"])
def test_a_policy_that_is_not_offered_is_refused(shelf: Shelf, name: str) -> None:
    shelf.crowd()
    refused = wait_load(shelf.case, name, "Failed")
    shelf.case.wait_warning("DataOperationNotSupport", kind="DataLoad", name=name, seconds=20)

    expect(refused, {("status", "conditions"): []})
    made = [*filter(None, [job_of(shelf.case, name)]), *pods_of(shelf.case, name)]
    cron = shelf.case.get("batch/v1", "CronJob", f"{name}-loader-job")
    assert not made, f"made for {name}: {[title(found) for found in made]}"
    assert cron is None, f"{title(cron)} was made for a policy that is refused"


@requirement("FLUID-LOAD-NS-004", "FLUID-OP-INVALID-005")
def test_a_load_of_another_namespaces_dataset_fails(shelf: Shelf, case: Case) -> None:
    shelf.early()
    (created,) = case.create(data_load("foreign", dataset=NAME, namespace=shelf.case.namespace))
    # All versions: an owner in another namespace has it garbage collected, which is allowed once it has failed.
    versions = waiting.until(
        f"DataLoad {case.namespace}/foreign in phase Failed",
        lambda: case.cluster.history(created),
        lambda seen: any(phase_of(version) == "Failed" for version in seen),
        seconds=20.0,
        describe=lambda seen: ", ".join(describe_dataset(version) for version in seen) or "no version",
        patience=case.patience,
    )
    failed = next(version for version in versions if phase_of(version) == "Failed")
    case.wait_warning("DataOperationNotValid", kind="DataLoad", name="foreign", seconds=20)

    expect(condition(failed, "Failed"), {("reason",): "TargetDatasetNamespaceNotSame"}, what="condition Failed")
    assert job_of(case, "foreign") is None, "a Job was made for it"
    assert "foreign" not in running_operations(shelf.case, NAME), "operationRef names it"


@requirement("FLUID-LOAD-NSEMPTY-005")
def test_an_empty_namespace_is_not_the_loads_own(shelf: Shelf) -> None:
    shelf.early()  # the Dataset is there, in the DataLoad's own namespace
    (created,) = shelf.case.create(data_load("nameless", dataset=NAME, namespace=""))
    shelf.case.wait_warning("TargetDatasetNotFound", kind="DataLoad", name="nameless", seconds=20)
    seen = shelf.case.must_get(DATA, "DataLoad", "nameless")
    shelf.case.cluster.delete(created)

    assert phase_of(seen) == "", f"{title(seen)} is in phase {phase_of(seen)!r}, expected none"


@requirement("FLUID-OP-INSTALLERR-017")
def test_a_job_that_cannot_be_made_is_told_and_tried_again(shelf: Shelf) -> None:
    shelf.crowd()
    shelf.case.wait_warning("DataOperationExecutionFailed", kind="DataLoad", name="broken", seconds=30)

    expect(shelf.case.must_get(DATA, "DataLoad", "broken"), {("status", "phase"): "Executing"})
    shelf.case.cluster.delete(shelf.case.must_get(DATA, "DataLoad", "broken"))
    wait_gone(shelf.case, "broken")


@requirement("FLUID-OP-JOBLOST-015", "FLUID-OP-REF-007")
def test_a_job_deleted_by_hand_is_made_anew_and_the_load_ends(shelf: Shelf) -> None:
    shelf.crowd()
    first = wait_job(shelf.case, "lost", without="")
    during = running_operations(shelf.case, NAME)
    path = f"/apis/batch/v1/namespaces/{shelf.case.namespace}/jobs/{first['metadata']['name']}"
    shelf.case.cluster.request("DELETE", path, query={"propagationPolicy": "Background"})
    wait_job(shelf.case, "lost", without=first["metadata"]["uid"])
    shelf.bind("lost")
    wait_load(shelf.case, "lost", "Complete")

    assert "lost" in during, f"operationRef of an executing load's Dataset names {during}"
    assert "lost" not in running_operations(shelf.case, NAME), "operationRef still names it"


@requirement("FLUID-OP-DELETE-018", "FLUID-OP-REF-007")
@pytest.mark.parametrize("name", ["stuck", "nowhere", "left"], ids=["executing", "failed", "complete"])
def test_a_deleted_load_leaves_nothing(shelf: Shelf, name: str) -> None:
    shelf.reading()  # what other tests look at has been looked at
    if name == "stuck":
        wait_job(shelf.case, name, without="")
    else:
        finished(shelf.case, name)
        assert pods_of(shelf.case, name), f"DataLoad {name} has no pod: nothing could be left"
    shelf.case.cluster.delete(shelf.case.must_get(DATA, "DataLoad", name))
    wait_gone(shelf.case, name)

    assert name not in running_operations(shelf.case, NAME), f"operationRef still names {name}"


@requirement("FLUID-OP-TTL-020")
def test_a_finished_load_is_deleted_when_its_time_is_over(shelf: Shelf) -> None:
    created = shelf.crowd()["expiring"]
    wait_gone(shelf.case, "expiring")
    last = shelf.case.cluster.history(created)[-1]
    ended = at(condition(last, "Complete"), "lastTransitionTime")
    deleted = at(last, "metadata", "deletionTimestamp")

    assert ended, f"it went in phase {phase_of(last)!r}"
    assert deleted, "no version of it was being deleted"
    kept = (datetime.fromisoformat(deleted) - datetime.fromisoformat(ended)).total_seconds()
    assert TTL_SECONDS <= kept <= 10, f"kept for {kept:.0f} s, expected {TTL_SECONDS} s"
    assert shelf.case.get(DATA, "DataLoad", "early"), "a DataLoad without ttlSecondsAfterFinished is gone"


@requirement("FLUID-SECRET-PLAIN-002")
def test_no_load_has_spread_the_credentials(shelf: Shelf, environment: Environment) -> None:
    shelf.reading()
    store = environment.origin.store
    search = CredentialSearch(environment.cluster, values=(store.access_key.reveal(), store.secret_key.reveal()))
    found = search.objects()
    logs = search.logs(environment.control_namespace, shelf.case.namespace)

    mine = f"Secret {shelf.case.namespace}/s3-access-key"
    assert mine in found, f"the search is blind: it does not find the credentials in {mine} ({search.looked_at} things)"
    plain = sorted({place for place in [*found, *logs] if not place.startswith("Secret ")})
    assert not plain, f"credentials in {len(plain)} of {search.looked_at} objects and logs: {plain}"


@requirement("FLUID-OP-DSDELETE-019", "FLUID-REL-R7")
def test_the_deletion_of_a_dataset_ends_a_load_that_executes(shelf: Shelf) -> None:
    shelf.reading()
    wait_job(shelf.case, "last", without="")
    shelf.case.delete_pods(["after-loads"])
    shelf.case.delete_dataset(NAME)
    shelf.case.wait_released(NAME)

    wait_gone(shelf.case, "last")
    wait_gone(shelf.case, "early")


@requirement("FLUID-OP-NONIL-030")
def test_no_load_restarted_a_controller(shelf: Shelf, environment: Environment) -> None:
    shelf.reading()
    pods = environment.cluster.list("v1", "Pod", environment.control_namespace)
    counts = {
        f"{title(pod)} {status['name']}": status["restartCount"]
        for pod in pods
        for status in at(pod, "status", "containerStatuses") or []
    }

    assert counts, f"no container runs in {environment.control_namespace}"
    assert not any(counts.values()), f"restarts: {counts}"


def wait_job(case: Case, name: str, *, without: str) -> Object:
    """Wait for a DataLoad's Job that has another UID and return it."""
    return waiting.until(
        f"a Job of DataLoad {case.namespace}/{name}" + (" that is not the deleted one" if without else ""),
        lambda: job_of(case, name),
        lambda seen: seen["metadata"]["uid"] != without and not seen["metadata"].get("deletionTimestamp"),
        seconds=30.0,
        describe=lambda seen: seen["metadata"]["uid"],
        patience=case.patience,
    )
