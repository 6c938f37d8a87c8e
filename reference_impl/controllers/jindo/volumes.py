"""PersistentVolume and PersistentVolumeClaim of a Dataset, bound to each other from the start.

Rule: created once, never updated, and deleted only if they carry the annotation that says Fluid made them.
"""

from collections.abc import Mapping
from typing import Any

from reference_impl.controllers.jindo.quantity import parse_quantity
from reference_impl.controllers.names import DATASET_ID, FUSE_GENERATION, RUNTIME_TYPE, STORAGE_REQUEST, Names
from reference_impl.kubernetes_api import Object

CSI_DRIVER = "fuse.csi.fluid.io"
STORAGE_CLASS = "fluid"
DEFAULT_SIZE = "100Pi"
DEFAULT_MODES = ("ReadOnlyMany",)
CREATED_BY = {"CreatedBy": "fluid"}


def is_ours(existing: Object) -> bool:
    """Tell whether Fluid made a volume or claim."""
    return bool(existing["metadata"].get("annotations", {}).get("CreatedBy") == CREATED_BY["CreatedBy"])


def persistent_volume(names: Names, dataset: Object, runtime: Object) -> Object:
    """Return the volume; its CSI attributes tell node plug-in and webhook where the data appears on a node."""
    spec: dict[str, Any] = {
        "capacity": {"storage": storage_size(dataset)},
        "accessModes": access_modes(dataset),
        "storageClassName": STORAGE_CLASS,
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": names.namespace,
            "name": names.claim,
        },
        "csi": {
            "driver": CSI_DRIVER,
            "volumeHandle": names.volume,
            "volumeAttributes": {
                "fluid_path": names.fluid_path,
                "mount_type": RUNTIME_TYPE,
                "runtime_namespace": names.namespace,
                "runtime_name": names.name,
                "mount_pod_node_selector_key": names.fuse_label,
            },
        },
    }
    if selector := ((runtime.get("spec") or {}).get("fuse") or {}).get("nodeSelector"):
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [_node_term(selector)]}}
    metadata = {"name": names.volume, "labels": _labels(names), "annotations": dict(CREATED_BY)}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}


def persistent_volume_claim(names: Names, dataset: Object, *, fuse_generation: int) -> Object:
    """Return the claim."""
    metadata = {
        "name": names.claim,
        "namespace": names.namespace,
        "labels": {**_labels(names), FUSE_GENERATION: str(fuse_generation)},
        "annotations": dict(CREATED_BY),
    }
    spec = {
        "accessModes": access_modes(dataset),
        "storageClassName": STORAGE_CLASS,
        "volumeName": names.volume,
        "resources": {"requests": {"storage": storage_size(dataset)}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def access_modes(dataset: Object) -> list[str]:
    """Return the Dataset's access modes, read-only by default."""
    return list((dataset.get("spec") or {}).get("accessModes") or DEFAULT_MODES)


def storage_size(dataset: Object) -> str:
    """Return the size to show: the annotation's, or the default where there is none or it is no quantity."""
    text = str(dataset["metadata"].get("annotations", {}).get(STORAGE_REQUEST, DEFAULT_SIZE))
    try:
        return text if parse_quantity(text) > 0 else DEFAULT_SIZE
    except ValueError:
        return DEFAULT_SIZE


def _labels(names: Names) -> dict[str, str]:
    return {names.cache_label: "true", DATASET_ID: names.dataset_id}


def _node_term(selector: Mapping[str, str]) -> dict[str, Any]:
    return {
        "matchExpressions": [
            {"key": key, "operator": "In", "values": [value]} for key, value in sorted(selector.items())
        ]
    }
