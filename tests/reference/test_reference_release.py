"""The order of release, step by step: a real cluster is too fast to be seen in between."""

import copy
from typing import Any, cast

import pytest
from reference_objects import Object, dataset, runtime

from reference_impl.controllers.jindo.node_labels import NodeLabels
from reference_impl.controllers.jindo.plan import make_plan
from reference_impl.controllers.jindo.release import Release
from reference_impl.controllers.jindo.volumes import persistent_volume, persistent_volume_claim
from reference_impl.controllers.jindo.workloads import Workloads
from reference_impl.controllers.settings import Settings
from reference_impl.kubernetes_api import KubernetesApi, Resource

FINALIZER = "jindo-runtime-controller-finalizer"


class MemoryApi:
    """Objects in memory; deletions are noted and carried out only by `vanish`."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = {(found["kind"], found["metadata"]["name"]): found for found in objects}
        self.deleted: list[str] = []
        self.patched: list[Object] = []

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return copy.deepcopy(self.objects.get((resource.kind, name)))

    def find(self, resource: Resource, namespace: str = "", *, selector: str = "") -> list[Object]:
        return [found for (kind, _), found in self.objects.items() if kind == resource.kind]

    def delete(self, resource: Resource, namespace: str, name: str) -> None:
        self.deleted.append(resource.kind)
        self.objects[resource.kind, name]["metadata"]["deletionTimestamp"] = "now"

    def patch(self, resource: Resource, existing: Object, change: Any, **_options: object) -> Object:  # noqa: ANN401
        self.patched.append({"kind": resource.kind, **change})
        return existing

    def vanish(self) -> None:
        """Let everything go whose deletion was asked for."""
        self.objects = {k: v for k, v in self.objects.items() if "deletionTimestamp" not in v["metadata"]}


@pytest.fixture
def going() -> Object:
    made = runtime()
    made["metadata"] |= {
        "deletionTimestamp": "now",
        "finalizers": [FINALIZER],
        "ownerReferences": [{"kind": "Dataset", "uid": "uid-of-dataset"}],
    }
    return made


@pytest.fixture
def api() -> MemoryApi:
    of_dataset = dataset()
    of_dataset["status"] = {"phase": "Bound", "conditions": [{"type": "Ready"}]}
    plan = make_plan(of_dataset, runtime())
    settings = Settings(image="i", command=("c",), sync_seconds=1.0)
    made = Workloads(plan=plan, dataset=of_dataset, runtime=runtime(), settings=settings)
    claim = persistent_volume_claim(plan.names, of_dataset, fuse_generation=1)
    volume = persistent_volume(plan.names, of_dataset, runtime())
    workloads = [made.config_map(), made.service(), made.stateful_set(), made.daemon_set()]
    return MemoryApi([of_dataset, claim, volume, *workloads])


def release(api: MemoryApi) -> Release:
    real = cast("KubernetesApi", api)
    return Release(real, NodeLabels(real))


def test_claim_then_volume_then_workloads_then_the_finalizer(api: MemoryApi, going: Object) -> None:
    order = []
    while release(api).step(going) is not None:
        order.append(sorted(set(api.deleted)))
        api.deleted.clear()
        api.vanish()

    assert order == [
        ["PersistentVolumeClaim"],
        ["PersistentVolume"],
        ["ConfigMap", "DaemonSet", "Service", "StatefulSet"],
    ]
    unbound, finalized = api.patched
    assert (unbound["kind"], unbound["status"]["phase"]) == ("Dataset", "NotBound")
    assert (finalized["kind"], finalized["metadata"]["finalizers"]) == ("JindoRuntime", [])


def test_nothing_goes_on_while_a_pod_holds_the_claim(api: MemoryApi, going: Object) -> None:
    steps = [release(api).step(going) for _ in range(3)]

    assert None not in steps
    assert api.deleted == ["PersistentVolumeClaim"]


def test_what_somebody_else_made_under_our_name_stays(api: MemoryApi, going: Object) -> None:
    api.objects["PersistentVolumeClaim", "demo-dataset"]["metadata"]["annotations"] = {}
    api.objects["ConfigMap", "demo-dataset-jindofs-config"]["metadata"]["ownerReferences"] = []
    while release(api).step(going) is not None:
        api.vanish()

    assert "PersistentVolumeClaim" not in api.deleted
    assert "ConfigMap" not in api.deleted


def test_a_runtime_that_was_never_set_up_is_let_go_at_once(api: MemoryApi, going: Object) -> None:
    going["metadata"]["finalizers"] = []

    assert release(api).step(going) is None
    assert api.deleted == []
