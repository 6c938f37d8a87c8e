"""When runtimes' controllers are called and dismissed, on a clock of the test's own."""

import copy
from typing import Any, cast

import pytest
from reference_objects import Object, dataset, runtime

from reference_impl.controllers import runtime_controllers
from reference_impl.controllers.dataset_reconciler import HOUSE, UNMATCHED_SECONDS, DatasetReconciler
from reference_impl.controllers.events import EventRecorder
from reference_impl.controllers.runtime_controllers import (
    GRACE_SECONDS,
    KINDS,
    RESYNC_SECONDS,
    RuntimeControllers,
    wanted_replicas,
)
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import DATASETS, DEPLOYMENTS, JINDO_RUNTIMES, KubernetesApi, Resource

KEY = Key("demo", "demo-dataset")
JINDO = next(kind for kind in KINDS if kind.name == "Jindo")
SET_UP = [JINDO.finalizer]


class MemoryApi:
    """Objects of a kind by their names; every change of replicas is noted."""

    def __init__(self, *, replicas: int = 0) -> None:
        metadata = {"name": JINDO.deployment, "resourceVersion": "1"}
        deployment: Object = {"metadata": metadata, "spec": {"replicas": replicas}}
        self.objects: dict[tuple[str, str], Object] = {("Deployment", JINDO.deployment): deployment}
        self.scaled: list[int] = []
        self.events: list[str] = []

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return copy.deepcopy(self.objects.get((resource.kind, name)))

    def find(self, resource: Resource, namespace: str = "", *, selector: str = "") -> list[Object]:
        return [found for (kind, _), found in self.objects.items() if kind == resource.kind]

    def patch(self, resource: Resource, existing: Object, change: Any, **options: Any) -> Object:  # noqa: ANN401
        if resource == DEPLOYMENTS:
            assert options["subresource"] == "scale", "more rights than to scale are not ours"
            assert change["metadata"]["resourceVersion"] == "1"
            self.scaled.append(change["spec"]["replicas"])
            self.objects["Deployment", existing["metadata"]["name"]]["spec"] |= change["spec"]
        return existing

    def create(self, resource: Resource, wanted: Object) -> Object:
        self.events.append(wanted["reason"])
        return wanted


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


def controllers(api: MemoryApi, clock: list[float]) -> RuntimeControllers:
    real = cast("KubernetesApi", api)
    return RuntimeControllers(real, kinds=[JINDO], namespace="fluid-system", clock=lambda: clock[0])


def reconciler(api: MemoryApi, clock: list[float]) -> DatasetReconciler:
    real = cast("KubernetesApi", api)
    return DatasetReconciler(real, EventRecorder(real, "test"), controllers(api, clock))


def put(api: MemoryApi, made: Object, **metadata: object) -> None:
    made["metadata"] |= metadata
    api.objects[made["kind"], made["metadata"]["name"]] = made


def test_everything_of_a_kind_is_called_after_it() -> None:
    assert JINDO.resource == JINDO_RUNTIMES
    names = {(kind.resource.plural, kind.deployment, kind.type) for kind in KINDS}
    assert ("juicefsruntimes", "juicefsruntime-controller", "juicefs") in names
    assert ("cacheruntimes", "cacheruntime-controller", "cache") in names


def test_a_dataset_and_a_runtime_of_its_name_call_the_controller(clock: list[float]) -> None:
    api = MemoryApi()
    put(api, dataset())
    assert reconciler(api, clock).reconcile(KEY) == UNMATCHED_SECONDS
    assert api.scaled == []

    put(api, runtime())
    assert reconciler(api, clock).reconcile(KEY) is None
    assert api.scaled == [1]


def test_a_runtime_without_dataset_calls_nobody_unless_it_must_be_released(clock: list[float]) -> None:
    api = MemoryApi()
    put(api, runtime())
    reconciler(api, clock).reconcile(KEY)
    reconciler(api, clock).reconcile(HOUSE)
    assert api.scaled == []

    put(api, runtime(), finalizers=SET_UP, deletionTimestamp="now")
    reconciler(api, clock).reconcile(KEY)
    assert api.scaled == [1]


def test_a_runtime_of_another_kind_than_the_one_that_is_bound_calls_nobody(clock: list[float]) -> None:
    api = MemoryApi()
    bound = dataset()
    bound["status"] = {"phase": "Bound", "runtimes": [{"name": "demo-dataset", "type": "alluxio"}]}
    put(api, bound)
    put(api, runtime())

    reconciler(api, clock).reconcile(KEY)

    assert api.scaled == []


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_controller_that_runs_is_not_touched_while_it_is_needed(clock: list[float], replicas: int) -> None:
    api = MemoryApi(replicas=replicas)
    put(api, dataset())
    put(api, runtime())

    reconciler(api, clock).reconcile(KEY)
    reconciler(api, clock).reconcile(HOUSE)

    assert api.scaled == []


@pytest.mark.parametrize(
    ("asked", "replicas"), [(None, 1), ("3", 3), ("0", 1), ("-2", 1), ("many", 1), ("", 1), ("1.5", 1)]
)
def test_the_annotation_says_how_many(asked: str | None, replicas: int) -> None:
    annotations = {} if asked is None else {"controller.runtime.fluid.io/replicas": asked}

    assert wanted_replicas({"metadata": {"annotations": annotations}}) == replicas


def test_a_missing_deployment_does_not_stop_the_dataset(clock: list[float]) -> None:
    api = MemoryApi()
    del api.objects["Deployment", JINDO.deployment]
    put(api, dataset())
    put(api, runtime())

    assert reconciler(api, clock).reconcile(KEY) == UNMATCHED_SECONDS
    assert api.events == ["ErrorScaleRuntimeController"]


def test_after_the_last_runtime_the_controller_goes_when_the_grace_is_over(clock: list[float]) -> None:
    api = MemoryApi(replicas=1)
    house = controllers(api, clock)
    put(api, runtime(), deletionTimestamp="now", finalizers=SET_UP)
    assert house.dismiss() is None  # it still has to be released

    del api.objects["JindoRuntime", "demo-dataset"]
    assert house.dismiss() == GRACE_SECONDS
    clock[0] += GRACE_SECONDS - 1
    assert house.dismiss() == 1.0
    assert api.scaled == []
    clock[0] += 1
    assert house.dismiss() is None
    assert api.scaled == [0]
    assert house.keep_house() == RESYNC_SECONDS


def test_a_runtime_within_the_grace_begins_it_anew(clock: list[float]) -> None:
    api = MemoryApi(replicas=1)
    house = controllers(api, clock)
    house.dismiss()
    clock[0] += GRACE_SECONDS - 1
    put(api, dataset())
    put(api, runtime())
    house.call(KEY, dataset())
    del api.objects["JindoRuntime", "demo-dataset"]

    assert house.dismiss() == GRACE_SECONDS


def test_a_number_that_we_would_not_choose_is_somebodys_choice_and_stays(clock: list[float]) -> None:
    api = MemoryApi(replicas=2)
    house = controllers(api, clock)
    house.dismiss()
    clock[0] += 10 * GRACE_SECONDS

    assert house.dismiss() is None
    assert api.scaled == []


def test_a_controller_that_was_taken_away_under_its_runtimes_comes_back(clock: list[float]) -> None:
    api = MemoryApi()
    put(api, runtime(), finalizers=SET_UP)

    assert reconciler(api, clock).reconcile(HOUSE) == RESYNC_SECONDS
    assert api.scaled == [1]


def test_only_installed_kinds_count() -> None:
    class Served:
        def served(self, group_version: str) -> frozenset[str]:
            assert group_version == DATASETS.group_version
            return frozenset({"datasets", "jindoruntimes", "thinruntimeprofiles"})

    assert runtime_controllers.installed_kinds(cast("KubernetesApi", Served())) == (JINDO,)
