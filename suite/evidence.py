"""Evidence of a failure: the case's objects, events and pods as they were at that moment.

Rule: a Secret's values are never kept; what cannot be read is noted, and never hides the failure itself.
"""

from pathlib import Path
from typing import Any

import yaml

from fixtures.errors import InfrastructureError
from suite.cluster import ApiError, Cluster, Object

KINDS = (
    ("data.fluid.io/v1alpha1", "Dataset"),
    ("data.fluid.io/v1alpha1", "JindoRuntime"),
    ("v1", "Pod"),
    ("v1", "Event"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
)
LOG_LINES = 200


def keep(cluster: Cluster, namespace: str, folder: Path) -> Path:
    """Write objects.yaml and a log for each container into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for api_version, kind in KINDS:
        try:
            found[kind] = [
                _cleaned(item, secret=kind == "Secret") for item in cluster.list(api_version, kind, namespace)
            ]
        except (ApiError, InfrastructureError) as error:
            found[kind] = f"not read: {error}"
    (folder / "objects.yaml").write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")
    for pod in found["Pod"] if isinstance(found["Pod"], list) else []:
        _keep_logs(cluster, pod, folder)
    return folder


def _keep_logs(cluster: Cluster, pod: Object, folder: Path) -> None:
    metadata = pod["metadata"]
    for container in pod["spec"]["containers"]:
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
        try:
            text = cluster.text(path, query={"container": container["name"], "tailLines": str(LOG_LINES)})
        except (ApiError, InfrastructureError) as error:
            text = f"not read: {error}\n"
        (folder / f"{metadata['name']}.{container['name']}.log").write_text(text, encoding="utf-8")


def _cleaned(item: Object, *, secret: bool) -> Object:
    kept = dict(item)
    kept["metadata"] = {key: value for key, value in item["metadata"].items() if key != "managedFields"}
    if secret:
        # An applied Secret also stands in the annotation of whoever applied it.
        kept["metadata"].pop("annotations", None)
        kept["data"] = dict.fromkeys(item.get("data") or {}, "***")
    return kept
