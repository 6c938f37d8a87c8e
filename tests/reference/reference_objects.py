"""Objects as users write them, for tests of what is made from them."""

import copy
from typing import Any

Object = dict[str, Any]

DATASET: Object = {
    "apiVersion": "data.fluid.io/v1alpha1",
    "kind": "Dataset",
    "metadata": {"name": "demo-dataset", "namespace": "demo", "uid": "uid-of-dataset", "resourceVersion": "1"},
    "spec": {
        "mounts": [
            {
                "mountPoint": "s3://bucket",
                "name": "demo",
                "path": "/",
                "options": {"fs.s3.endpoint": "http://origin:9000"},
                "encryptOptions": [
                    {"name": "fs.s3.accessKeyId", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "id"}}},
                    {"name": "fs.s3.accessKeySecret", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "secret"}}},
                ],
            }
        ]
    },
    "status": {"phase": "NotBound", "conditions": []},
}

RUNTIME: Object = {
    "apiVersion": "data.fluid.io/v1alpha1",
    "kind": "JindoRuntime",
    "metadata": {"name": "demo-dataset", "namespace": "demo", "uid": "uid-of-runtime", "resourceVersion": "1"},
    "spec": {
        "replicas": 5,
        "podMetadata": {"annotations": {"type": "big", "cache": "yes"}, "labels": {"team": "a"}},
        "tieredstore": {
            "levels": [
                {
                    "mediumtype": "MEM",
                    "volumeType": "emptyDir",
                    "path": "/dev/shm",  # noqa: S108 - the scenario's tier
                    "quota": "40Gi",
                    "high": "0.99",
                    "low": "0.95",
                }
            ]
        },
    },
}


def dataset(**spec: object) -> Object:
    """Return a Dataset with some fields of its spec replaced."""
    made = copy.deepcopy(DATASET)
    made["spec"] |= spec
    return made


def runtime(**spec: object) -> Object:
    """Return a JindoRuntime with some fields of its spec replaced."""
    made = copy.deepcopy(RUNTIME)
    made["spec"] |= spec
    return made


def data_load(**spec: object) -> Object:
    """Return a DataLoad of everything with some fields of its spec replaced."""
    return {
        "apiVersion": "data.fluid.io/v1alpha1",
        "kind": "DataLoad",
        "metadata": {
            "name": "warm-up",
            "namespace": "demo",
            "uid": "uid-of-load",
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"dataset": {"name": "demo-dataset", "namespace": "demo"}, "policy": "Once", **spec},
    }


def tier(**fields: object) -> Object:
    """Return a tieredstore of one level with some fields replaced; None takes one away."""
    level = RUNTIME["spec"]["tieredstore"]["levels"][0] | fields
    return {"levels": [{key: value for key, value in level.items() if value is not None}]}
