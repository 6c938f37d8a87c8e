"""Injection: the claims of Datasets in a pod become the mounts of clients that run beside the application.

Rule: works on a copy and either finishes or raises; the random parts come from the caller. A claim that an init
container uses gets its client as an init container that keeps running, so that the data is there for it too.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from reference_impl.controllers.names import (
    MANAGED_BY,
    SIDECAR_DATASET_NAME,
    SIDECAR_DATASET_NAMESPACE,
    SIDECAR_DONE,
)
from reference_impl.kubernetes_api import Object
from reference_impl.webhook.pod import containers, uses

IN_USE = "fluid.io/datasets-in-use"
CONTAINER_NAME = "fluid-fuse"


class InjectionError(Exception):
    """A pod cannot be given its data; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One Dataset as a pod uses it."""

    namespace: str
    name: str
    volumes: list[str]  # of the pod, that refer to the Dataset's claim
    template: Object  # the pod template of the Dataset's FUSE DaemonSet
    fluid_path: str  # where the data appears on a node
    sub_path: str = ""


def inject(pod: Object, attachments: Sequence[Attachment], *, path_suffix: str, unique: Callable[[], str]) -> Object:
    """Return the pod with a client for each attachment that some container uses.

    `path_suffix` is put between directory and mount point on the node, "" for Fluid's fixed path; `unique` makes
    the part that tells a volume from another of the same name.
    """
    injected = copy.deepcopy(pod)
    metadata = injected["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), SIDECAR_DONE: "true", MANAGED_BY: "fluid"}
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        IN_USE: ",".join(attachment.name for attachment in attachments),
    }
    used = [found for found in attachments if any(uses(container, found.volumes) for container in containers(pod))]
    for index, attachment in enumerate(used):
        _add_client(injected, attachment, index=index, path_suffix=path_suffix, unique=unique)
    for attachment in attachments:
        _replace_claim(injected, attachment, path_suffix)
    return injected


def _replace_claim(pod: Object, attachment: Attachment, path_suffix: str) -> None:
    mount_point = PurePosixPath(attachment.fluid_path)
    path = str(mount_point.parent / path_suffix / mount_point.name / attachment.sub_path)
    pod["spec"]["volumes"] = [
        {"name": volume["name"], "hostPath": {"path": path}} if volume["name"] in attachment.volumes else volume
        for volume in pod["spec"]["volumes"]
    ]
    for container in containers(pod):
        for mount in container.get("volumeMounts") or []:
            if mount["name"] in attachment.volumes:
                mount["mountPropagation"] = "HostToContainer"


def _add_client(
    pod: Object, attachment: Attachment, *, index: int, path_suffix: str, unique: Callable[[], str]
) -> None:
    spec, name = pod["spec"], f"{CONTAINER_NAME}-{index}"
    if any(container["name"] == name for container in containers(pod)):
        raise InjectionError(f"container {name} exists already: rename it, the name is the sidecar's")
    client: dict[str, Any] = copy.deepcopy(attachment.template["spec"]["containers"][0])
    client["name"] = name
    volumes = _client_volumes(pod, attachment, client, index=index, path_suffix=path_suffix, unique=unique)
    spec["volumes"] = [*spec["volumes"], *volumes]
    if any(uses(container, attachment.volumes) for container in spec.get("initContainers") or []):
        client["restartPolicy"] = "Always"
        spec["initContainers"] = [client, *spec["initContainers"]]
    else:
        spec["containers"] = [client, *spec["containers"]]
    pod["metadata"]["labels"] |= {
        SIDECAR_DATASET_NAME + name: attachment.name,
        SIDECAR_DATASET_NAMESPACE + name: attachment.namespace,
    }


def _client_volumes(
    pod: Object,
    attachment: Attachment,
    client: dict[str, Any],
    *,
    index: int,
    path_suffix: str,
    unique: Callable[[], str],
) -> list[Object]:
    """Return the volumes that the client mounts, under names of their own, and let the client mount these."""
    taken = {volume["name"] for volume in pod["spec"]["volumes"]}
    directory = PurePosixPath(attachment.fluid_path).parent
    mounted = {mount["name"] for mount in client["volumeMounts"]}
    result, renamed = [], {}
    for volume in attachment.template["spec"].get("volumes") or []:
        if volume["name"] not in mounted:
            continue
        name = f"{volume['name']}-{index}"
        if name in taken:
            name = f"{name}-{unique()}"
        renamed[volume["name"]] = name
        added = {**copy.deepcopy(volume), "name": name}
        if path_suffix and (added.get("hostPath") or {}).get("path") == str(directory):
            added["hostPath"]["path"] = str(directory / path_suffix)
        result.append(added)
    for mount in client["volumeMounts"]:
        mount["name"] = renamed.get(mount["name"], mount["name"])
    return result
