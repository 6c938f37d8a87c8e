"""Small things that every reconciliation does to metadata and conditions.

Rule: a list in metadata is written whole, together with the resourceVersion it was read with, so that nobody's
entry is lost.
"""

from collections.abc import Mapping
from typing import Any

from reference_impl.controllers.events import timestamp
from reference_impl.kubernetes_api import KubernetesApi, Object, Resource


def add_finalizer(api: KubernetesApi, resource: Resource, existing: Object, finalizer: str) -> Object:
    """Return the object with the finalizer, written if it was not there."""
    finalizers = existing["metadata"].get("finalizers", [])
    if finalizer in finalizers:
        return existing
    return patch_metadata(api, resource, existing, {"finalizers": [*finalizers, finalizer]})


def remove_finalizer(api: KubernetesApi, resource: Resource, existing: Object, finalizer: str) -> None:
    """Take our finalizer away; the object goes when it was the last."""
    finalizers = existing["metadata"].get("finalizers", [])
    if finalizer in finalizers:
        kept = [name for name in finalizers if name != finalizer]
        patch_metadata(api, resource, existing, {"finalizers": kept})


def set_label(api: KubernetesApi, resource: Resource, existing: Object, key: str, value: str) -> Object:
    """Return the object with the label, written if it was another."""
    if existing["metadata"].get("labels", {}).get(key) == value:
        return existing
    return patch_metadata(api, resource, existing, {"labels": {key: value}})


def patch_metadata(api: KubernetesApi, resource: Resource, existing: Object, change: Mapping[str, Any]) -> Object:
    """Merge a change into metadata, on the condition that nobody wrote since `existing` was read."""
    version = existing["metadata"]["resourceVersion"]
    return api.patch(resource, existing, {"metadata": {**change, "resourceVersion": version}})


def patch_status(api: KubernetesApi, resource: Resource, existing: Object, change: Mapping[str, Any]) -> Object:
    """Merge a change into status if it changes anything, on the same condition; return the object as it is then."""
    status = existing.get("status") or {}
    if all(status.get(key) == value for key, value in change.items()):
        return existing
    body = {"metadata": {"resourceVersion": existing["metadata"]["resourceVersion"]}, "status": dict(change)}
    return api.patch(resource, existing, body, subresource="status")


def condition(existing: Object, kind: str) -> Object | None:
    """Return one condition of an object by its type."""
    conditions = (existing.get("status") or {}).get("conditions") or []
    return next((found for found in conditions if found["type"] == kind), None)


def with_condition(conditions: list[Object], wanted: Object, *, now: str = "") -> list[Object]:
    """Return the conditions with one set; its times stay unless it changed."""
    now = now or timestamp()
    result, done = [], False
    for existing in conditions:
        if existing["type"] != wanted["type"]:
            result.append(existing)
            continue
        same = all(existing.get(key) == value for key, value in wanted.items() if key != "lastUpdateTime")
        moved = existing["lastTransitionTime"] if existing.get("status") == wanted["status"] else now
        result.append(existing if same else {**wanted, "lastTransitionTime": moved})
        done = True
    return result if done else [*result, {**wanted, "lastTransitionTime": now}]


def owner_reference(owner: Object, *, controller: bool) -> Object:
    """Return a reference to an owner; without `controller` the field is left out, as Fluid does."""
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    return reference | ({"controller": True, "blockOwnerDeletion": False} if controller else {})
