"""A Dataset's life apart from reading: names, order, waiting alone, deletion before it was ever Bound."""

from typing import Any

from suite import scenario, waiting
from suite.case import DATA, Case, phase_of
from suite.environment import Environment
from suite.marks import requirement

NAME = "demo"


def small(environment: Environment, bucket: str, *, name: str = NAME, replicas: int = 1) -> list[dict[str, Any]]:
    """Return the scenario's objects, made to fit beside others: one worker, shared placement, a small tier."""
    store = environment.origin.store
    secret, dataset, runtime = scenario.dataset_objects(
        name=name,
        bucket=bucket,
        endpoint=environment.endpoint_inside,
        access_key=store.access_key.reveal(),
        secret_key=store.secret_key.reveal(),
    )
    dataset["spec"]["placement"] = "Shared"
    runtime["spec"]["replicas"] = replicas
    runtime["spec"]["tieredstore"]["levels"][0]["quota"] = "64Mi"
    return [secret, dataset, runtime]


@requirement("FLUID-DATASET-FINAL-001", "FLUID-DATASET-INIT-002", "FLUID-DATASET-ALONE-005")
def test_a_dataset_alone_stays_not_bound_and_creates_nothing(environment: Environment, case: Case) -> None:
    secret, dataset, _ = small(environment, "nobody-reads-this")
    case.create(secret, dataset)
    seen = case.wait_phase(NAME, "NotBound", seconds=20)

    assert "fluid-dataset-controller-finalizer" in seen["metadata"]["finalizers"]
    assert seen["status"]["conditions"] == []
    for api_version, kind in (
        ("v1", "Pod"),
        ("v1", "PersistentVolumeClaim"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
    ):
        assert case.cluster.list(api_version, kind, case.namespace) == (), kind


@requirement("FLUID-DEL-NOTBOUND-011")
def test_a_dataset_that_never_was_bound_can_be_deleted(environment: Environment, case: Case) -> None:
    secret, dataset, _ = small(environment, "nobody-reads-this")
    case.create(secret, dataset)
    case.wait_phase(NAME, "NotBound", seconds=20)
    case.delete_dataset(NAME)

    case.wait_released(NAME, seconds=30)


@requirement("FLUID-DATASET-NAME-003")
def test_a_name_that_is_no_dns_label_is_stored_but_never_reconciled(environment: Environment, case: Case) -> None:
    _, dataset, _ = small(environment, "nobody-reads-this", name="1st-dataset")
    case.create(dataset)
    waiting.until(
        "a Warning event ErrorCreateDataset",
        lambda: (
            [e["reason"] for e in case.cluster.list("v1", "Event", case.namespace) if e["type"] == "Warning"] or None
        ),
        lambda reasons: "ErrorCreateDataset" in reasons,
        seconds=20,
        patience=case.patience,
    )
    seen = case.must_get(DATA, "Dataset", "1st-dataset")

    assert phase_of(seen) == ""
    assert not seen["metadata"].get("finalizers")


@requirement("FLUID-DATASET-ORDER-006", "FLUID-BIND-OWNER-002", "FLUID-BIND-FINAL-003")
def test_a_runtime_that_comes_first_binds_too(environment: Environment, case: Case) -> None:
    bucket = f"{case.namespace}-data"
    environment.origin.store.make_bucket(bucket)
    environment.origin.put(bucket, "file", seed=environment.seed_for("order"), size=1000)
    secret, dataset, runtime = small(environment, bucket)
    case.create(runtime)
    case.create(secret, dataset)
    bound = case.wait_bound(NAME)
    owned = case.must_get(DATA, "JindoRuntime", NAME)["metadata"]

    assert [owner["uid"] for owner in owned["ownerReferences"]] == [bound["metadata"]["uid"]]
    assert not any(owner.get("controller") or owner.get("blockOwnerDeletion") for owner in owned["ownerReferences"])
    assert "jindo-runtime-controller-finalizer" in owned["finalizers"]


@requirement("FLUID-API-STATUS-003")
def test_status_written_through_the_main_path_has_no_effect(environment: Environment, case: Case) -> None:
    _, dataset, _ = small(environment, "nobody-reads-this", name="1-never-reconciled")
    dataset["status"] = {"phase": "Bound", "conditions": [], "ufsTotal": "1.00GiB"}
    stored = case.create(dataset)[0]
    case.cluster.patch(stored, {"status": {"phase": "Bound", "conditions": []}})

    assert phase_of(case.must_get(DATA, "Dataset", "1-never-reconciled")) == ""
