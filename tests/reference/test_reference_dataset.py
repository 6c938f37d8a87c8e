"""Who holds a Dataset's deletion back."""

from reference_objects import Object

from reference_impl.controllers.dataset_reconciler import pods_in_use
from reference_impl.controllers.work_queue import Key

KEY = Key("demo", "data")
SIDECAR = {
    "dataset-name.sidecar.fluid.io/fluid-fuse-0": "data",
    "dataset-namespace.sidecar.fluid.io/fluid-fuse-0": "demo",
}


def pod(*, claim: str = "", phase: str = "Running", terminating: bool = False, **metadata: object) -> Object:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    deleted = {"deletionTimestamp": "now"} if terminating else {}
    return {
        "metadata": {"name": "reader", **metadata, **deleted},
        "spec": {"volumes": volumes},
        "status": {"phase": phase},
    }


def test_a_pod_with_the_claim_or_a_sidecar_holds_back() -> None:
    assert pods_in_use([pod(claim="data")], KEY) == ["reader"]
    assert pods_in_use([pod(claim="data", phase="Pending")], KEY) == ["reader"]
    assert pods_in_use([pod(labels=SIDECAR)], KEY) == ["reader"]


def test_finished_terminating_and_foreign_pods_do_not() -> None:
    other = SIDECAR | {"dataset-name.sidecar.fluid.io/fluid-fuse-0": "other"}
    pods = [
        pod(claim="data", phase="Succeeded"),
        pod(claim="data", phase="Failed"),
        pod(claim="data", terminating=True),
        pod(claim="other"),
        pod(labels=other),
        pod(),
    ]

    assert pods_in_use(pods, KEY) == []
