"""An API server in memory, as far as the DataLoad reconciler asks for one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reference_objects import Object

    from reference_impl.kubernetes_api import ApiError, Resource


class MemoryApi:
    """Objects by kind and name; merge patches are applied, deletions wait for finalizers."""

    def __init__(self, *objects: Object) -> None:
        self.objects = {(found["kind"], found["metadata"]["name"]): copy.deepcopy(found) for found in objects}
        self.refuses: ApiError | None = None  # the next creation
        self.patches: list[Object] = []  # kind and change, in order

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        found = self.objects.get((resource.kind, name))
        if found is None or found["metadata"].get("namespace", "") != namespace:
            return None
        return copy.deepcopy(found)

    def find(self, resource: Resource, namespace: str = "", *, selector: str = "") -> list[Object]:
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        return [
            copy.deepcopy(found)
            for (kind, _), found in self.objects.items()
            if kind == resource.kind and wanted.items() <= found["metadata"].get("labels", {}).items()
        ]

    def create(self, resource: Resource, wanted: Object) -> Object:
        if self.refuses is not None:
            raise self.refuses
        self.objects[resource.kind, wanted["metadata"]["name"]] = copy.deepcopy(wanted)
        wanted["metadata"]["uid"] = f"uid-of-{wanted['metadata']['name']}"
        return wanted

    def patch(self, resource: Resource, existing: Object, change: Any, **_options: object) -> Object:  # noqa: ANN401
        stored = self.objects[resource.kind, existing["metadata"]["name"]]
        self.patches.append({"kind": resource.kind, **change})
        _merge(stored, change)
        if stored["metadata"].get("deletionTimestamp") and not stored["metadata"].get("finalizers"):
            del self.objects[resource.kind, existing["metadata"]["name"]]
        return copy.deepcopy(stored)

    def delete(self, resource: Resource, namespace: str, name: str) -> None:
        stored = self.objects[resource.kind, name]
        stored["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        if not stored["metadata"].get("finalizers"):
            del self.objects[resource.kind, name]


class Said:
    """Events as (type, reason)."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def warning(self, about: Object, reason: str, message: str) -> None:
        assert message
        self.events.append(("Warning", reason))

    def normal(self, about: Object, reason: str, message: str) -> None:
        assert message
        self.events.append(("Normal", reason))


def _merge(stored: Object, change: Object) -> None:
    for key, value in change.items():
        if value is None:
            stored.pop(key, None)
        elif isinstance(value, dict):
            inner = stored.setdefault(key, {})
            _merge(inner, value)
        else:
            stored[key] = copy.deepcopy(value)
