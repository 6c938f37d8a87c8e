"""The objects of one runtime."""

import json
import re

import pytest
from reference_objects import Object, dataset, runtime

from reference_impl.controllers.jindo.plan import InvalidSpecError, make_plan
from reference_impl.controllers.jindo.volumes import persistent_volume, persistent_volume_claim
from reference_impl.controllers.jindo.workloads import Workloads
from reference_impl.controllers.settings import Settings

SETTINGS = Settings(image="reference:1", command=("python", "-m", "reference_impl"), sync_seconds=2.0)
DIRECTORY = "/runtime-mnt/jindo/demo/demo-dataset/workers"


def workloads(of_dataset: Object | None = None, of_runtime: Object | None = None) -> Workloads:
    of_dataset, of_runtime = of_dataset or dataset(), of_runtime or runtime()
    plan = make_plan(of_dataset, of_runtime)
    return Workloads(plan=plan, dataset=of_dataset, runtime=of_runtime, settings=SETTINGS)


def test_secrets_are_mounted_into_workers_only_and_as_files() -> None:
    made = workloads()
    worker = made.stateful_set()["spec"]["template"]["spec"]

    assert {"name": "secret-0", "mountPath": "/etc/fluid/secrets/keys", "readOnly": True} in worker["containers"][0][
        "volumeMounts"
    ]
    assert [volume["secret"]["secretName"] for volume in worker["volumes"] if "secret" in volume] == ["keys"]
    assert "keys" not in json.dumps(made.daemon_set())
    assert "secretKeyRef" not in json.dumps([made.stateful_set(), made.config_map()])


def test_the_tier_is_memory_of_the_pod_limited_to_the_quota() -> None:
    spec = workloads().stateful_set()["spec"]["template"]["spec"]

    assert {"name": "tier-0", "emptyDir": {"medium": "Memory", "sizeLimit": "40Gi"}} in spec["volumes"]
    assert {"name": "tier-0", "mountPath": "/dev/shm"} in spec["containers"][0]["volumeMounts"]  # noqa: S108


def test_metadata_reaches_workers_and_clients_and_the_components_wins_but_never_over_ours() -> None:
    asked = runtime(worker={"podMetadata": {"annotations": {"type": "small"}, "labels": {"release": "stolen"}}})
    made = workloads(of_runtime=asked)
    worker = made.stateful_set()["spec"]["template"]["metadata"]
    client = made.daemon_set()["spec"]["template"]["metadata"]

    assert worker["annotations"] == {"type": "small", "cache": "yes"}
    assert client["annotations"] == {"type": "big", "cache": "yes"}
    assert worker["labels"]["team"] == client["labels"]["team"] == "a"
    assert worker["labels"]["release"] == "demo-dataset"


def test_worker_pods_carry_the_labels_by_which_placement_goes() -> None:
    shared = workloads(of_dataset=dataset(placement="Shared")).stateful_set()
    labels = shared["spec"]["template"]["metadata"]["labels"]

    assert labels["fluid.io/dataset"] == labels["fluid.io/dataset-id"] == "demo-demo-dataset"
    assert labels["fluid.io/dataset-placement"] == "Shared"
    assert shared["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_an_exclusive_worker_refuses_any_other_and_a_shared_one_only_exclusive_ones() -> None:
    exclusive = workloads().stateful_set()["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]
    shared_set = workloads(of_dataset=dataset(placement="Shared")).stateful_set()
    shared = shared_set["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]

    (required,) = exclusive["requiredDuringSchedulingIgnoredDuringExecution"]
    assert required["labelSelector"]["matchExpressions"] == [{"key": "fluid.io/dataset", "operator": "Exists"}]
    (required,) = shared["requiredDuringSchedulingIgnoredDuringExecution"]
    assert required["labelSelector"]["matchExpressions"][0]["values"] == ["Exclusive"]
    assert shared["preferredDuringSchedulingIgnoredDuringExecution"][0]["weight"] == 50


def test_the_datasets_own_affinity_and_tolerations_reach_the_workers() -> None:
    terms = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]}
    asked = dataset(nodeAffinity={"required": terms}, tolerations=[{"operator": "Exists"}])
    spec = workloads(of_dataset=asked).stateful_set()["spec"]["template"]["spec"]

    assert spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] == terms
    assert spec["tolerations"] == [{"operator": "Exists"}]


def test_the_client_mounts_for_the_node_and_holds_the_application_back_until_it_has() -> None:
    spec = workloads().daemon_set()["spec"]["template"]["spec"]
    (client,) = spec["containers"]

    assert spec["nodeSelector"] == {"fluid.io/f-demo-demo-dataset": "true"}
    assert client["securityContext"]["privileged"] is True
    assert client["lifecycle"]["postStart"]["exec"]["command"] == [
        "python",
        "-m",
        "reference_impl",
        "wait-mounted",
    ]
    assert {"name": "FLUID_MOUNT_PATH", "value": "/runtime-mnt/jindo/demo/demo-dataset/jindofs-fuse"} in client["env"]
    assert client["volumeMounts"][1]["mountPropagation"] == "Bidirectional"


def test_everything_belongs_to_the_runtime() -> None:
    made = workloads()
    for wanted in (made.config_map(), made.service(), made.stateful_set(), made.daemon_set()):
        (owner,) = wanted["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == ("uid-of-runtime", True)


def test_volume_and_claim_name_each_other_and_who_made_them() -> None:
    names = make_plan(dataset(), runtime()).names
    volume = persistent_volume(names, dataset(), runtime(fuse={"nodeSelector": {"disk": "fast"}}))
    claim = persistent_volume_claim(names, dataset(), fuse_generation=1)

    assert volume["spec"]["claimRef"]["name"] == claim["metadata"]["name"] == "demo-dataset"
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == "demo-demo-dataset"
    assert volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"] == [
        {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["fast"]}]}
    ]
    for made in (volume, claim):
        assert made["metadata"]["annotations"] == {"CreatedBy": "fluid"}
        assert made["metadata"]["labels"]["fluid.io/s-demo-demo-dataset"] == "true"


def test_the_size_shown_is_the_annotations_or_the_default_where_it_is_no_quantity() -> None:
    names = make_plan(dataset(), runtime()).names
    for text, size in (("5Ti", "5Ti"), ("much", "100Pi")):
        asked = dataset()
        asked["metadata"]["annotations"] = {"pvc.fluid.io/resources.requests.storage": text}
        assert persistent_volume(names, asked, runtime())["spec"]["capacity"] == {"storage": size}


def hosted(made: Workloads) -> dict[str, list[tuple[str, bool]]]:
    """Return what each kind of pod mounts from its node's directory of sockets: path and whether read-only."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for wanted in (made.stateful_set(), made.daemon_set()):
        spec = wanted["spec"]["template"]["spec"]
        names = {v["name"] for v in spec["volumes"] if v.get("hostPath", {}).get("path") == DIRECTORY}
        mounts = spec["containers"][0]["volumeMounts"]
        found[wanted["kind"]] = [(m["mountPath"], m.get("readOnly", False)) for m in mounts if m["name"] in names]
    return found


def test_workers_and_clients_of_a_node_share_a_directory_in_which_clients_change_nothing() -> None:
    made = workloads()

    assert hosted(made) == {
        "StatefulSet": [("/run/fluid/workers", False)],
        "DaemonSet": [("/run/fluid/workers", True)],
    }
    assert json.loads(made.config_map()["data"]["runtime.json"])["socketDirectory"] == "/run/fluid/workers"


def test_a_runtime_can_do_without_unix_sockets_and_then_workers_mount_nothing_of_their_node() -> None:
    made = workloads(of_runtime=runtime(properties={"unixSocket": "false", "fs.jindo.option": "left aside"}))

    assert hosted(made) == {"StatefulSet": [], "DaemonSet": []}
    assert "hostPath" not in json.dumps(made.stateful_set())
    assert json.loads(made.config_map()["data"]["runtime.json"])["socketDirectory"] is None


def test_where_the_controller_does_without_unix_sockets_a_runtime_can_have_them() -> None:
    assert not make_plan(dataset(), runtime(), unix_sockets=False).unix_sockets
    asked = runtime(properties={"unixSocket": "true"})
    assert make_plan(dataset(), asked, unix_sockets=False).unix_sockets


def test_clients_that_keep_copies_get_memory_of_that_size_in_their_pods_and_others_none() -> None:
    made = workloads(of_runtime=runtime(properties={"clientCopyBytes": "3Gi"}))
    pod = made.daemon_set()["spec"]["template"]["spec"]
    told = json.loads(made.config_map()["data"]["runtime.json"])

    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "client-copies")
    assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": str(3 << 30)}
    (mount,) = (mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "client-copies")
    assert (told["copiesDirectory"], told["clientCopyBytes"]) == (mount["mountPath"], 3 << 30)
    assert "client-copies" not in json.dumps(workloads().daemon_set())
    assert json.loads(workloads().config_map()["data"]["runtime.json"])["copiesDirectory"] is None


def test_workers_with_huge_pages_may_change_their_mounts_and_others_may_nothing() -> None:
    asked = workloads(of_runtime=runtime(properties={"hugePages": "true"}))
    worker = asked.stateful_set()["spec"]["template"]["spec"]["containers"][0]

    assert worker["securityContext"] == {"capabilities": {"add": ["SYS_ADMIN"]}}
    assert json.loads(asked.config_map()["data"]["runtime.json"])["tiers"][0]["hugePages"] is True
    assert "securityContext" not in workloads().stateful_set()["spec"]["template"]["spec"]["containers"][0]
    assert json.loads(workloads().config_map()["data"]["runtime.json"])["tiers"][0]["hugePages"] is False


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("passthrough", "no", '\'no\' is neither "true" nor "false"'),
        ("hugePages", "2Mi", '\'2Mi\' is neither "true" nor "false"'),
        ("clientCopyBytes", "much", "'much' is not a quantity like 40Gi"),
        ("clientCopyBytes", "-1", "'-1' is less than nothing"),
    ],
)
def test_a_property_that_says_nothing_known_is_refused_by_name(name: str, value: str, said: str) -> None:
    with pytest.raises(InvalidSpecError, match=re.escape(f"spec.properties.{name}: {said}")):
        make_plan(dataset(), runtime(properties={name: value}))
