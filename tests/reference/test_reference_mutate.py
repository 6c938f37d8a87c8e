"""Which pods the webhook changes, leaves alone, and refuses."""

import base64
import copy
import json
from dataclasses import dataclass, field

import pytest
from reference_objects import Object, dataset, runtime

from reference_impl.controllers.jindo.plan import make_plan
from reference_impl.controllers.jindo.volumes import persistent_volume, persistent_volume_claim
from reference_impl.controllers.jindo.workloads import Workloads
from reference_impl.controllers.settings import Settings
from reference_impl.webhook.mutate import mutate

NAMESPACE, NAME = "demo", "demo-dataset"
PATH = "/runtime-mnt/jindo/demo/demo-dataset/jindofs-fuse"


@dataclass(kw_only=True)
class World:
    """What the API server would answer; a bound Dataset unless a test changes it."""

    claims: dict[str, Object] = field(default_factory=dict)
    volumes: dict[str, Object] = field(default_factory=dict)
    datasets: dict[str, Object] = field(default_factory=dict)
    daemon_sets: dict[str, Object] = field(default_factory=dict)

    def claim(self, namespace: str, name: str) -> Object | None:
        return self.claims.get(name) if namespace == NAMESPACE else None

    def volume(self, name: str) -> Object | None:
        return self.volumes.get(name)

    def dataset(self, namespace: str, name: str) -> Object | None:
        return self.datasets.get(name) if namespace == NAMESPACE else None

    def daemon_set(self, namespace: str, name: str) -> Object | None:
        return self.daemon_sets.get(name) if namespace == NAMESPACE else None

    def add(self, name: str) -> None:
        """Add a bound Dataset with everything that its runtime makes."""
        of_dataset, of_runtime = dataset(), runtime()
        for made in (of_dataset, of_runtime):
            made["metadata"]["name"] = name
        of_dataset["status"] = {"phase": "Bound", "runtimes": [{"type": "jindo"}]}
        plan = make_plan(of_dataset, of_runtime)
        settings = Settings(image="reference:1", command=("reference",), sync_seconds=1.0)
        workloads = Workloads(plan=plan, dataset=of_dataset, runtime=of_runtime, settings=settings)
        self.datasets[name] = of_dataset
        self.claims[name] = persistent_volume_claim(plan.names, of_dataset, fuse_generation=1)
        self.volumes[plan.names.volume] = persistent_volume(plan.names, of_dataset, of_runtime)
        self.daemon_sets[plan.names.fuse] = workloads.daemon_set()


@pytest.fixture
def world() -> World:
    made = World()
    made.add(NAME)
    return made


def pod(*claims: str, labels: Object | None = None, annotations: Object | None = None, **spec: object) -> Object:
    """Return a labelled pod with one container that mounts each claim."""
    mounts = [{"name": f"data-{i}", "mountPath": f"/data-{i}", "subPath": "sub"} for i in range(len(claims))]
    volumes = [{"name": f"data-{i}", "persistentVolumeClaim": {"claimName": claim}} for i, claim in enumerate(claims)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "reader-",
            "labels": {"serverless.fluid.io/inject": "true"} if labels is None else labels,
            "annotations": annotations or {},
        },
        "spec": {"containers": [{"name": "app", "image": "app", "volumeMounts": mounts}], "volumes": volumes, **spec},
    }


def answer(asked: Object, world: World, *, disabled: bool = False) -> Object:
    review = {"request": {"uid": "u", "namespace": NAMESPACE, "object": asked}}
    return mutate(review, world, disabled=disabled, unique=lambda: "0123456789abcdef")["response"]


def injected(asked: Object, world: World) -> Object:
    """Return the pod as it would be stored."""
    response, stored = answer(asked, world), copy.deepcopy(asked)
    assert response["allowed"], response
    for operation in json.loads(base64.b64decode(response.get("patch", b"W10="))):
        _, part, key = operation["path"].split("/")
        stored[part][key] = operation["value"]
    return stored


def refusal(asked: Object, world: World) -> str:
    response = answer(asked, world)
    assert not response["allowed"]
    assert "patch" not in response
    return str(response["status"]["message"])


def test_the_client_stands_in_front_and_the_claim_is_a_host_path(world: World) -> None:
    stored = injected(pod(NAME), world)
    client, app = stored["spec"]["containers"]

    assert (client["name"], app["name"]) == ("fluid-fuse-0", "app")
    assert client["securityContext"]["privileged"] is True
    assert app["volumeMounts"] == [
        {"name": "data-0", "mountPath": "/data-0", "subPath": "sub", "mountPropagation": "HostToContainer"}
    ]
    assert stored["spec"]["volumes"][0] == {"name": "data-0", "hostPath": {"path": PATH}}
    assert [volume["name"] for volume in stored["spec"]["volumes"][1:]] == [
        "runtime-config-0",
        "fuse-mount-0",
        "worker-sockets-0",
    ]
    assert {mount["name"] for mount in client["volumeMounts"]} == {
        "runtime-config-0",
        "fuse-mount-0",
        "worker-sockets-0",
    }
    assert client["volumeMounts"][1]["mountPropagation"] == "Bidirectional"


def test_labels_say_that_it_was_done_and_for_which_dataset(world: World) -> None:
    assert injected(pod(NAME), world)["metadata"]["labels"] == {
        "serverless.fluid.io/inject": "true",
        "done.sidecar.fluid.io/inject": "true",
        "fluid.io/managed-by": "fluid",
        "dataset-name.sidecar.fluid.io/fluid-fuse-0": NAME,
        "dataset-namespace.sidecar.fluid.io/fluid-fuse-0": NAMESPACE,
    }


def test_an_injected_pod_submitted_again_is_left_as_it_is(world: World) -> None:
    stored = injected(pod(NAME), world)

    assert "patch" not in answer(stored, world)


def test_two_datasets_give_two_clients_the_later_name_first(world: World) -> None:
    world.add("another")
    stored = injected(pod(NAME, "another"), world)

    assert [container["name"] for container in stored["spec"]["containers"]] == ["fluid-fuse-1", "fluid-fuse-0", "app"]
    assert stored["metadata"]["labels"]["dataset-name.sidecar.fluid.io/fluid-fuse-0"] == "another"
    assert not [volume for volume in stored["spec"]["volumes"] if "persistentVolumeClaim" in volume]


def test_two_volumes_of_one_claim_share_one_client(world: World) -> None:
    stored = injected(pod(NAME, NAME), world)

    assert [container["name"] for container in stored["spec"]["containers"]] == ["fluid-fuse-0", "app"]
    assert [volume["hostPath"]["path"] for volume in stored["spec"]["volumes"][:2]] == [PATH, PATH]


def test_a_claim_that_no_container_mounts_gets_no_client(world: World) -> None:
    asked = pod(NAME)
    asked["spec"]["containers"][0]["volumeMounts"] = []
    stored = injected(asked, world)

    assert [container["name"] for container in stored["spec"]["containers"]] == ["app"]
    assert stored["spec"]["volumes"] == [{"name": "data-0", "hostPath": {"path": PATH}}]
    assert stored["metadata"]["labels"]["done.sidecar.fluid.io/inject"] == "true"


def test_an_init_container_finds_its_client_running(world: World) -> None:
    mounts = [{"name": "data-0", "mountPath": "/data"}]
    stored = injected(pod(NAME, initContainers=[{"name": "prepare", "volumeMounts": mounts}]), world)
    client, prepare = stored["spec"]["initContainers"]

    assert (client["name"], client["restartPolicy"], prepare["name"]) == ("fluid-fuse-0", "Always", "prepare")
    assert prepare["volumeMounts"][0]["mountPropagation"] == "HostToContainer"
    assert [container["name"] for container in stored["spec"]["containers"]] == ["app"]


def test_a_random_suffix_gives_client_and_application_a_path_of_their_own(world: World) -> None:
    mode = {"default.fuse-sidecar.fluid.io/host-mount-path-mode": "random-suffix"}
    volumes = {volume["name"]: volume for volume in injected(pod(NAME, annotations=mode), world)["spec"]["volumes"]}
    mine = volumes["data-0"]["hostPath"]["path"]

    assert mine.startswith("/runtime-mnt/jindo/demo/demo-dataset/reader/")
    assert mine.endswith("-01234567/jindofs-fuse")
    assert volumes["fuse-mount-0"]["hostPath"]["path"] == mine.removesuffix("/jindofs-fuse")
    # The workers' sockets lie where they always do, whatever the path of the mount.
    assert volumes["worker-sockets-0"]["hostPath"]["path"] == "/runtime-mnt/jindo/demo/demo-dataset/workers"


def test_volumes_whose_names_clash_are_told_apart(world: World) -> None:
    asked = pod(NAME)
    asked["spec"]["volumes"].append({"name": "fuse-mount-0", "emptyDir": {}})
    names = [volume["name"] for volume in injected(asked, world)["spec"]["volumes"]]

    assert names == ["data-0", "fuse-mount-0", "runtime-config-0", "fuse-mount-0-01234567", "worker-sockets-0"]


@pytest.mark.parametrize(
    "labels",
    [
        {"serverless.fluid.io/inject": "TRUE"},
        {"serverless.fluid.io/inject": "1"},
        {"fuse.sidecar.fluid.io/inject": "true"},
        {"serverless.fluid.io/inject": "true", "fluid.io/enable-injection": "false"},
        {"serverless.fluid.io/inject": "true", "done.sidecar.fluid.io/inject": "true"},
        {"fuse.serverful.fluid.io/inject": "true"},
    ],
)
def test_other_pods_are_left_as_they_are(labels: Object, world: World) -> None:
    assert "patch" not in answer(pod(NAME, labels=labels), world)


def test_nothing_is_changed_while_injection_is_disabled(world: World) -> None:
    assert "patch" not in answer(pod(NAME), world, disabled=True)


def test_a_pod_without_a_claim_of_a_dataset_is_left_as_it_is(world: World) -> None:
    world.claims["foreign"] = {"metadata": {"name": "foreign"}, "spec": {"volumeName": "x"}}

    assert "patch" not in answer(pod("foreign"), world)
    assert "patch" not in answer(pod(), world)


@pytest.mark.parametrize("label", ["serverless.fluid.io/inject", "fuse.serverful.fluid.io/inject"])
def test_a_missing_claim_is_refused_by_name(label: str, world: World) -> None:
    assert '"missing"' in refusal(pod("missing", labels={label: "true"}), world)


def test_a_dataset_that_is_not_bound_is_refused_with_the_cause_where_one_is_known(world: World) -> None:
    status = world.datasets[NAME]["status"]
    status["phase"] = "NotBound"
    assert refusal(pod(NAME), world) == f'dataset "{NAMESPACE}/{NAME}" not bound'
    del world.claims[NAME]
    assert refusal(pod(NAME), world) == f'dataset "{NAMESPACE}/{NAME}" not bound'
    status["conditions"] = [{"type": "NotReady", "status": "True", "message": "bad key"}]
    assert refusal(pod(NAME), world) == f'dataset "{NAMESPACE}/{NAME}" not ready because bad key'


def test_the_check_of_the_phase_can_be_skipped_but_not_that_of_the_claim(world: World) -> None:
    world.datasets[NAME]["status"]["phase"] = "NotBound"
    skip = {"sidecar.fluid.io/skip-precheck": "true"}

    assert answer(pod(NAME, annotations=skip), world)["allowed"]
    assert '"missing"' in refusal(pod("missing", annotations=skip), world)


def test_what_cannot_be_done_is_refused_as_a_whole(world: World) -> None:
    world.add("another")
    del world.daemon_sets["another-jindofs-fuse"]
    assert "another" in refusal(pod(NAME, "another"), world)
    assert "mars" in refusal(pod(NAME, annotations={"serverless.fluid.io/platform": "mars"}), world)
    world.datasets[NAME]["status"]["runtimes"][0]["type"] = "cache"
    assert "'cache'" in refusal(pod(NAME), world)


def test_a_container_that_has_the_clients_name_is_refused(world: World) -> None:
    asked = pod(NAME)
    asked["spec"]["containers"].append({"name": "fluid-fuse-0"})

    assert "fluid-fuse-0" in refusal(asked, world)


def test_a_pod_that_names_another_namespace_is_denied(world: World) -> None:
    asked = pod(NAME)
    asked["metadata"]["namespace"] = "other"

    assert answer(asked, world)["status"]["code"] == 403
