"""The Job of one DataLoad: the image's load command, in a pod that holds nothing but the runtime's configuration.

Rule: pure functions. No Secret is mounted and no API token: the loader knows workers only. What the DataLoad says of
its pod reaches the pod; the labels by which it is found are ours.
"""

from typing import Any

from reference_impl.controllers.dataload.request import JOB_ROLE, POD_ROLE, names_of, paths_of, spec_of, target_of
from reference_impl.controllers.jindo.workloads import CONFIG_DIRECTORY, CONFIG_VOLUME
from reference_impl.controllers.metadata import owner_reference
from reference_impl.controllers.names import DATASET_ID, MANAGED_BY, Names
from reference_impl.kubernetes_api import Object

CONTAINER = "dataloader"
PROGRESS_PORT = 18002
ATTEMPTS_MORE = 1  # as Fluid for Jindo
GRACE_SECONDS = 5
# The load command's codes for "another attempt would fail alike": a wrong call, and what no attempt can help.
HOPELESS_CODES = [2, 3]
FROM_SPEC = ("affinity", "nodeSelector", "schedulerName", "tolerations")


def job(load: Object, dataset: Object, *, image: str) -> Object:
    """Return the Job."""
    names = names_of(load)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": names.job,
            "namespace": names.namespace,
            "labels": _labels(load, JOB_ROLE),
            "ownerReferences": [owner_reference(load, controller=True)],
        },
        "spec": {
            "backoffLimit": ATTEMPTS_MORE,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": HOPELESS_CODES},
                    }
                ]
            },
            "template": _template(load, dataset, image),
        },
    }


def _template(load: Object, dataset: Object, image: str) -> Object:
    given, dataset_names = spec_of(load), _dataset_names(dataset)
    metadata = given.get("podMetadata") or {}
    own = {**_labels(load, POD_ROLE), DATASET_ID: dataset_names.dataset_id}
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [_container(load, image)],
        "volumes": [{"name": CONFIG_VOLUME, "configMap": {"name": dataset_names.config}}],
    }
    spec |= {field: given[field] for field in FROM_SPEC if given.get(field)}
    return {
        "metadata": {
            "labels": {**(metadata.get("labels") or {}), **own},
            "annotations": metadata.get("annotations") or {},
        },
        "spec": spec,
    }


def _container(load: Object, image: str) -> Object:
    given = spec_of(load)
    refresh = ["--refresh"] if given.get("loadMetadata") else []
    return {
        "name": CONTAINER,
        "image": image,
        "args": ["load", f"--port={PROGRESS_PORT}", *refresh, *(f"--path={path}" for path in paths_of(load))],
        "ports": [{"name": "progress", "containerPort": PROGRESS_PORT}],
        "resources": given.get("resources") or {},
        "securityContext": {"allowPrivilegeEscalation": False},
        "volumeMounts": [{"name": CONFIG_VOLUME, "mountPath": CONFIG_DIRECTORY, "readOnly": True}],
    }


def _labels(load: Object, role: str) -> dict[str, str]:
    return {
        MANAGED_BY: "fluid",
        "role": role,
        "release": names_of(load).release,
        "targetDataset": target_of(load).name,
    }


def _dataset_names(dataset: Object) -> Names:
    metadata = dataset["metadata"]
    return Names(namespace=metadata["namespace"], name=metadata["name"], dataset_uid=metadata["uid"])
