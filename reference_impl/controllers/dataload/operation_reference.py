"""Dataset.status.operationRef: which operations run on a Dataset now, by kind, their names joined by commas.

Rule: it is no lock; several may run. Each operation adds and takes away its own name and touches no other.
"""

from reference_impl.controllers.metadata import patch_status
from reference_impl.kubernetes_api import DATASETS, KubernetesApi, Object


def enter(api: KubernetesApi, dataset: Object, kind: str, name: str) -> None:
    """Add an operation's name, if it is not there."""
    names = _names(dataset, kind)
    if name not in names:
        _write(api, dataset, kind, [*names, name])


def leave(api: KubernetesApi, dataset: Object | None, kind: str, name: str) -> None:
    """Take an operation's name away, if it and the Dataset are there."""
    if dataset is not None and name in (names := _names(dataset, kind)):
        _write(api, dataset, kind, [other for other in names if other != name])


def _names(dataset: Object, kind: str) -> list[str]:
    reference = (dataset.get("status") or {}).get("operationRef") or {}
    return [name for name in str(reference.get(kind, "")).split(",") if name]


def _write(api: KubernetesApi, dataset: Object, kind: str, names: list[str]) -> None:
    patch_status(api, DATASETS, dataset, {"operationRef": {kind: ",".join(names) or None}})
