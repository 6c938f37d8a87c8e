"""A Dataset's life apart from reading: names, order, waiting alone, deletion before it was ever Bound."""

from typing import Any

import pytest

from suite import scenario
from suite.case import DATA, Case, describe_dataset, phase_of
from suite.environment import Environment
from suite.fields import at, expect
from suite.marks import requirement
from suite.origin import Origin

pytestmark = pytest.mark.smoke

NAME = "demo"
DATASET_FINALIZER, RUNTIME_FINALIZER = "fluid-dataset-controller-finalizer", "jindo-runtime-controller-finalizer"
ALONE_SECONDS = 4  # for whoever would do something for a Dataset without runtime
# What is in the namespace without Fluid: our own objects, and what Kubernetes puts into every namespace.
NOT_FLUIDS = {"Secret/s3-access-key", f"Dataset/{NAME}", "ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}


def small(
    environment: Environment, bucket: str, *, name: str = NAME, replicas: int = 1, origin: Origin | None = None
) -> list[dict[str, Any]]:
    """Return the scenario's objects, made to fit beside others: one worker, shared placement, a small tier.

    They name the store by S3, or as the given origin does.
    """
    store = (origin or environment.origin).store
    secret, dataset, runtime = scenario.dataset_objects(store.naming, name=name, bucket=bucket)
    dataset["spec"]["placement"] = "Shared"
    runtime["spec"]["replicas"] = replicas
    runtime["spec"]["tieredstore"]["levels"][0]["quota"] = "64Mi"
    return [secret, dataset, runtime]


@requirement("FLUID-DATASET-FINAL-001", "FLUID-DATASET-INIT-002", "FLUID-DATASET-ALONE-005")
def test_a_dataset_alone_stays_not_bound_and_creates_nothing(environment: Environment, case: Case) -> None:
    secret, dataset, _ = small(environment, "nobody-reads-this")
    _, created = case.create(secret, dataset)
    first = case.wait_phase(NAME, "NotBound", seconds=20)
    history = case.cluster.history(created, seconds=ALONE_SECONDS)

    expect(first, {("status", "conditions"): []})
    assert history, f"no version of Dataset {case.namespace}/{NAME} after its creation: nothing was looked at"
    # The first write of all: there is no version without it.
    without = [seen for seen in history if DATASET_FINALIZER not in (at(seen, "metadata", "finalizers") or [])]
    assert not without, f"without finalizer {DATASET_FINALIZER} there was a version {describe_dataset(without[0])}"
    assert {phase_of(seen) for seen in history} <= {"", "NotBound"}, f"phases {[phase_of(seen) for seen in history]}"
    assert objects_of(case) <= NOT_FLUIDS, f"created without a runtime: {sorted(objects_of(case) - NOT_FLUIDS)}"


@requirement("FLUID-DEL-NOTBOUND-011")
def test_a_dataset_that_never_was_bound_can_be_deleted(environment: Environment, case: Case) -> None:
    secret, dataset, _ = small(environment, "nobody-reads-this")
    case.create(secret, dataset)
    case.wait_phase(NAME, "NotBound", seconds=20)
    case.delete_dataset(NAME)

    case.wait_released(NAME, seconds=30)


@requirement("FLUID-DATASET-NAME-003")
def test_a_name_that_is_no_dns_label_is_stored_but_never_reconciled(environment: Environment, case: Case) -> None:
    name = "1st-dataset"
    _, dataset, runtime = small(environment, "nobody-reads-this", name=name)
    case.create(dataset, runtime)
    case.wait_warning("ErrorCreateDataset", kind="Dataset", name=name, seconds=20)
    case.wait_warning("ErrorProcessRuntime", kind="JindoRuntime", name=name, seconds=20)
    seen = case.must_get(DATA, "Dataset", name)
    made = objects_of(case) - NOT_FLUIDS - {f"Dataset/{name}", f"JindoRuntime/{name}"}

    assert phase_of(seen) == "", f"Dataset {name} is in phase {phase_of(seen)!r}, expected none"
    assert not at(seen, "metadata", "finalizers"), f"Dataset {name} has finalizers {seen['metadata']['finalizers']}"
    assert not made, f"created for the runtime of a Dataset with a wrong name: {sorted(made)}"


@requirement("FLUID-DATASET-ORDER-006", "FLUID-BIND-OWNER-002", "FLUID-BIND-FINAL-003")
def test_a_runtime_that_comes_first_binds_too(environment: Environment, case: Case) -> None:
    bucket = f"{case.namespace}-data"
    environment.origin.store.make_bucket(bucket)
    environment.origin.put(bucket, "file", seed=environment.seed_for("order"), size=1000)
    secret, dataset, runtime = small(environment, bucket)
    (created,) = case.create(runtime)
    case.create(secret, dataset)
    bound = case.wait_bound(NAME)
    history = case.cluster.history(created)
    assert history, f"no version of JindoRuntime {case.namespace}/{NAME} after its creation: nothing was looked at"
    owners = at(history[-1], "metadata", "ownerReferences") or []

    assert [owner["uid"] for owner in owners] == [bound["metadata"]["uid"]], f"owners of the runtime: {owners}"
    strict = [owner for owner in owners if owner.get("controller") or owner.get("blockOwnerDeletion")]
    assert not strict, f"the runtime's ownerReference is a controller's, or blocks the owner's deletion: {strict}"
    finalizers = [at(seen, "metadata", "finalizers") or [] for seen in history]
    assert RUNTIME_FINALIZER in finalizers[-1], f"finalizers of the runtime: {finalizers[-1]}"
    ownerless = [seen for seen in history if not at(seen, "metadata", "ownerReferences")]
    early = [seen for seen in ownerless if RUNTIME_FINALIZER in (at(seen, "metadata", "finalizers") or [])]
    assert not early, f"the runtime had finalizer {RUNTIME_FINALIZER} before an ownerReference"


@requirement("FLUID-API-STATUS-003")
def test_status_written_through_the_main_path_has_no_effect(environment: Environment, case: Case) -> None:
    name = "1-never-reconciled"  # no controller writes the status of an object with this name
    _, dataset, runtime = small(environment, "nobody-reads-this", name=name)
    dataset["status"] = {"phase": "Bound", "conditions": [], "ufsTotal": "1.00GiB"}
    changes = ((dataset, {"phase": "Bound", "conditions": []}), (runtime, {"selector": "written-by-a-user"}))
    for wanted, status in changes:
        (stored,) = case.create(wanted)
        case.cluster.patch(stored, {"status": status})
        seen = case.must_get(DATA, wanted["kind"], name)

        assert not seen.get("status"), f"{wanted['kind']} has taken the status of a main-path write: {seen['status']}"


def objects_of(case: Case) -> set[str]:
    """Return Kind/name of everything in the case's namespace but events."""
    return {
        f"{resource.kind}/{item['metadata']['name']}"
        for resource in case.cluster.resources()
        if resource.namespaced and "list" in resource.verbs and resource.kind != "Event"
        for item in case.cluster.request("GET", resource.path(case.namespace)).get("items", [])
    }
