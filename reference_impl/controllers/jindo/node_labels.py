"""Labels on nodes that hold a worker: which Dataset is cached there, how much room it has, and how many there are.

Rule: the labels are a function of where worker pods are now, computed anew each time; nothing is counted up or down, so
nothing drifts. One thread of the process writes at a time, and every write names the version that it was computed from.
"""

import threading
from collections.abc import Iterable

from reference_impl.controllers.jindo.plan import Plan
from reference_impl.controllers.jindo.quantity import format_label_size
from reference_impl.controllers.metadata import patch_metadata
from reference_impl.controllers.names import DATASET, DATASET_NUMBER, EXCLUSIVE, Names
from reference_impl.kubernetes_api import NODES, PODS, KubernetesApi, Object

FINISHED = frozenset({"Succeeded", "Failed"})


class NodeLabels:
    """Keeps the labels of all nodes true, one Dataset at a time."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api, self._lock = api, threading.Lock()

    def sync(self, names: Names, plan: Plan | None) -> None:
        """Label the nodes with workers of a Dataset and clean the others; without plan, clean all."""
        with self._lock:
            datasets = datasets_by_node(self._api.find(PODS, selector=DATASET))
            holding = {node for node, found in datasets.items() if names.dataset_id in found} if plan else set()
            nodes = {node["metadata"]["name"]: node for node in self._labelled(names)}
            for name in sorted(holding - nodes.keys()):
                if (node := self._api.get(NODES, "", name)) is not None:
                    nodes[name] = node
            for name, node in nodes.items():
                labels = node["metadata"].get("labels", {})
                number = len(datasets.get(name, frozenset()) - (frozenset() if plan else {names.dataset_id}))
                change = label_changes(labels, names, plan if name in holding else None, number)
                if change:
                    patch_metadata(self._api, NODES, node, {"labels": change})

    def _labelled(self, names: Names) -> list[Object]:
        return self._api.find(NODES, selector=names.cache_label)


def datasets_by_node(pods: Iterable[Object]) -> dict[str, frozenset[str]]:
    """Return for each node the ids of the Datasets that have a worker there."""
    found: dict[str, set[str]] = {}
    for pod in pods:
        node = pod["spec"].get("nodeName")
        if node and pod.get("status", {}).get("phase") not in FINISHED:
            found.setdefault(node, set()).add(pod["metadata"]["labels"][DATASET])
    return {node: frozenset(datasets) for node, datasets in found.items()}


def label_changes(labels: dict[str, str], names: Names, plan: Plan | None, number: int) -> dict[str, str | None]:
    """Return what to change in a node's labels; `plan` = a worker of the Dataset is there, None takes a label away."""
    wanted: dict[str, str | None] = dict.fromkeys(
        [names.cache_label, names.typed_cache_label, *(names.capacity_label(medium) for medium in "mdt")]
    )
    wanted[DATASET_NUMBER] = str(number) if number else None
    if plan is not None:
        wanted |= {names.cache_label: "true", names.typed_cache_label: "true"}
        sizes = {"m": plan.memory_bytes, "d": plan.quota_bytes - plan.memory_bytes}
        wanted |= {names.capacity_label(medium): format_label_size(size) for medium, size in sizes.items() if size}
        wanted[names.capacity_label("t")] = format_label_size(plan.quota_bytes)
    # One label for all Datasets: it is left alone while it names another one, which has a worker here too.
    if labels.get(EXCLUSIVE) in {None, names.exclusive}:
        wanted[EXCLUSIVE] = names.exclusive if plan is not None and plan.exclusive else None
    return {key: value for key, value in wanted.items() if labels.get(key) != value}
