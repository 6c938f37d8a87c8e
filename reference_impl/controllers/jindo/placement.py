"""Where workers may run: Fluid's rules of affinity.

Rule: pure; the Dataset's own node affinity is added to ours, never replaced. Workers of all namespaces are kept
apart, for what `Exclusive` reserves is a node, and nodes have no namespace.
"""

from collections.abc import Mapping
from typing import Any

from reference_impl.controllers.names import DATASET, DATASET_PLACEMENT, Names

HOST_NAME = "kubernetes.io/hostname"


def worker_affinity(names: Names, *, exclusive: bool, dataset_spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the affinity of worker pods.

    Exclusive: no other worker on the node, whatever its Dataset. Shared: rather not, but never beside an Exclusive one.
    Either way rather on nodes where this Dataset's clients run.
    """
    any_worker = {"matchExpressions": [{"key": DATASET, "operator": "Exists"}]}
    exclusive_worker = {"matchExpressions": [{"key": DATASET_PLACEMENT, "operator": "In", "values": ["Exclusive"]}]}
    if exclusive:
        apart: dict[str, Any] = {"requiredDuringSchedulingIgnoredDuringExecution": [_term(any_worker)]}
    else:
        apart = {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 50, "podAffinityTerm": _term(any_worker)}],
            "requiredDuringSchedulingIgnoredDuringExecution": [_term(exclusive_worker)],
        }
    client_node = {"matchExpressions": [{"key": names.fuse_label, "operator": "In", "values": ["true"]}]}
    node: dict[str, Any] = {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": client_node}]
    }
    if required := (dataset_spec.get("nodeAffinity") or {}).get("required"):
        node["requiredDuringSchedulingIgnoredDuringExecution"] = required
    return {"nodeAffinity": node, "podAntiAffinity": apart}


def _term(selector: dict[str, Any]) -> dict[str, Any]:
    return {"labelSelector": selector, "namespaceSelector": {}, "topologyKey": HOST_NAME}
