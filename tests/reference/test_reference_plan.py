"""What is asked for, and what is refused with which field's name."""

import json

import pytest
from reference_objects import DATASET, Object, dataset, runtime, tier

from reference_impl.controllers.jindo.configuration import runtime_json
from reference_impl.controllers.jindo.plan import InvalidSpecError, make_plan


def mount(**fields: object) -> dict[str, object]:
    return {"mounts": [DATASET["spec"]["mounts"][0] | fields]}


def test_the_scenario_becomes_a_plan() -> None:
    plan = make_plan(dataset(), runtime())

    assert (plan.replicas, plan.exclusive, plan.memory_bytes) == (5, True, 40 << 30)
    assert (plan.tiers[0].high, plan.tiers[0].low, plan.tiers[0].quota) == (0.99, 0.95, "40Gi")
    assert plan.secret_names == ("keys",)


def test_runtime_json_names_files_of_secrets_and_every_worker() -> None:
    made = json.loads(runtime_json(make_plan(dataset(), runtime(replicas=2))))

    assert made["mounts"] == [
        {
            "mountPoint": "s3://bucket",
            "path": "/",
            "name": "demo",
            "readOnly": True,
            "options": {"fs.s3.endpoint": "http://origin:9000"},
            "secretFiles": {
                "fs.s3.accessKeyId": "/etc/fluid/secrets/keys/id",
                "fs.s3.accessKeySecret": "/etc/fluid/secrets/keys/secret",
            },
        }
    ]
    assert made["workers"]["hosts"] == [
        f"demo-dataset-jindofs-worker-{index}.demo-dataset-jindofs-worker.demo.svc.cluster.local" for index in (0, 1)
    ]
    assert made["tiers"][0]["quotaBytes"] == 40 << 30


def test_shared_options_reach_every_mount_and_its_own_win() -> None:
    plan = make_plan(dataset(sharedOptions={"a": "shared", "fs.s3.endpoint": "shared"}), runtime())

    assert plan.mounts[0].options == {"a": "shared", "fs.s3.endpoint": "http://origin:9000"}


def test_a_mount_without_absolute_path_appears_under_its_name() -> None:
    assert make_plan(dataset(**mount(path="")), runtime()).mounts[0].path == "/demo"


def test_the_number_of_workers_is_the_runtimes_then_the_components_then_one() -> None:
    spec = runtime(worker={"replicas": 3})
    assert make_plan(dataset(), spec).replicas == 5
    del spec["spec"]["replicas"]
    assert make_plan(dataset(), spec).replicas == 3
    del spec["spec"]["worker"]
    assert make_plan(dataset(), spec).replicas == 1


REFUSED: dict[str, tuple[Object, Object]] = {
    "neither quota nor quotaList": (dataset(), runtime(tieredstore=tier(quota=None))),
    "levels: none": (dataset(), runtime(tieredstore=None)),
    "not more than nothing": (dataset(), runtime(tieredstore=tier(quota="0"))),
    r"levels\[0\].volumeType": (dataset(), runtime(tieredstore=tier(volumeType="hostPath"))),
    "not one absolute path": (dataset(), runtime(tieredstore=tier(path="/a,/b"))),
    "high: '2'": (dataset(), runtime(tieredstore=tier(high="2"))),
    "low 0.95 is above high 0.5": (dataset(), runtime(tieredstore=tier(high="0.5"))),
    "unixSocket: 'maybe' is neither": (dataset(), runtime(properties={"unixSocket": "maybe"})),
    "HostNetwork": (dataset(), runtime(networkmode="HostNetwork")),
    "mounts: none": (dataset(mounts=None), runtime()),
    "neither s3:// nor oss://": (dataset(**mount(mountPoint="dataset://ns/other")), runtime()),
    "neither an absolute path nor a name": (dataset(**mount(path="", name="")), runtime()),
    "more than one appears at /": (dataset(mounts=DATASET["spec"]["mounts"] * 2), runtime()),
    "option fs.s3.accessKeyId is both": (dataset(sharedOptions={"fs.s3.accessKeyId": "plain"}), runtime()),
    "option secret has no valueFrom": (dataset(sharedEncryptOptions=[{"name": "secret"}]), runtime()),
}


@pytest.mark.parametrize(("message", "asked"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_served_is_refused_by_the_name_of_its_field(message: str, asked: tuple[Object, Object]) -> None:
    with pytest.raises(InvalidSpecError, match=message):
        make_plan(*asked)


def test_a_name_too_long_for_the_workers_pods_is_refused_with_the_limit() -> None:
    named = dataset()
    named["metadata"]["name"] = "n" * 38

    with pytest.raises(InvalidSpecError, match="37 or fewer"):
        make_plan(named, runtime())
