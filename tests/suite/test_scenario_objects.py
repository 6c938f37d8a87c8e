"""The scenario's objects are the article's, whatever store they name."""

from typing import Any

import pytest

from fixtures.stores import Naming, Secret
from suite import scenario

OSS = Naming(
    scheme="oss",
    options={"fs.oss.endpoint": "oss-cn-beijing-internal.aliyuncs.com"},
    secrets={"fs.oss.accessKeyId": Secret("an-id"), "fs.oss.accessKeySecret": Secret("a-secret")},
)
S3 = Naming(
    scheme="s3",
    options={"fs.s3.endpoint": "http://10.240.255.2:9000", "fs.s3.region": "us-east-1"},
    secrets={"fs.s3.accessKeyId": Secret("an-id"), "fs.s3.accessKeySecret": Secret("a-secret")},
)


def reference_to(option: str, secret: str) -> dict[str, Any]:
    return {"name": option, "valueFrom": {"secretKeyRef": {"name": secret, "key": option}}}


def test_for_oss_they_are_the_articles_to_the_letter() -> None:
    secret, dataset, runtime = scenario.dataset_objects(OSS)

    assert secret == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "oss-access-key"},
        "stringData": {"fs.oss.accessKeyId": "an-id", "fs.oss.accessKeySecret": "a-secret"},
    }
    assert dataset == {
        "apiVersion": "data.fluid.io/v1alpha1",
        "kind": "Dataset",
        "metadata": {"name": "demo-dataset"},
        "spec": {
            "mounts": [
                {
                    "mountPoint": "oss://fluid-demo",
                    "name": "demo",
                    "path": "/",
                    "options": {"fs.oss.endpoint": "oss-cn-beijing-internal.aliyuncs.com"},
                    "encryptOptions": [
                        reference_to("fs.oss.accessKeyId", "oss-access-key"),
                        reference_to("fs.oss.accessKeySecret", "oss-access-key"),
                    ],
                }
            ]
        },
    }
    assert (runtime["kind"], runtime["metadata"], runtime["spec"]["replicas"]) == (
        "JindoRuntime",
        {"name": "demo-dataset"},
        5,
    )


def test_the_file_itself_is_what_a_user_applies() -> None:
    rendered = scenario._render("dataset.yaml", {"access_key_id": "an-id", "access_key_secret": "a-secret"})

    assert rendered == scenario.dataset_objects(OSS)


@pytest.mark.parametrize("naming", [OSS, S3], ids=["oss", "s3"])
def test_every_store_is_named_by_its_own_scheme_options_and_secret(naming: Naming) -> None:
    secret, dataset, runtime = scenario.dataset_objects(naming, name="other", bucket="a-bucket")
    (mount,) = dataset["spec"]["mounts"]

    assert dataset["metadata"]["name"] == runtime["metadata"]["name"] == "other"
    assert mount["mountPoint"] == f"{naming.scheme}://a-bucket"
    assert mount["options"] == naming.options
    assert secret["stringData"] == {key: value.reveal() for key, value in naming.secrets.items()}
    assert mount["encryptOptions"] == [reference_to(key, secret["metadata"]["name"]) for key in naming.secrets]
