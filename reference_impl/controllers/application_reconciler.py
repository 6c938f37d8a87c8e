"""Ending the sidecars of a pod: a Job is done only when its last container is, and a FUSE client never ends by itself.

Rule: a client is ended only when nobody can need its mount any more, i.e. every other container has ended for good:
with restartPolicy OnFailure that takes exit code 0, for any other end is followed by another attempt (Fluid looks at
the moment between two attempts as if it were the end). It is asked to end from within, by its own preStop command or
by an unmount, until it has.
"""

import logging
from dataclasses import dataclass
from typing import Any

from reference_impl.controllers.controller import RetryError
from reference_impl.controllers.names import MANAGED_BY, SIDECAR_DONE
from reference_impl.controllers.work_queue import Key
from reference_impl.kubernetes_api import (
    NOT_FOUND,
    PODS,
    ApiError,
    ApiUnreachableError,
    Executed,
    KubernetesApi,
    Object,
)

DISABLE_VARIABLE = "KEY_DISABLE_APP_CONTROLLER"  # the key of a label by which a pod asks to be left alone
FUSE_CONTAINER = "fluid-fuse"  # is part of the name of every sidecar
MOUNT_VARIABLES = ("FLUID_FUSE_MOUNTPOINT", "FLUID_MOUNT_PATH")  # Fluid's own, and our client's
COMMAND_SECONDS = 30.0
AGAIN_SECONDS = 2.0  # for a client that was asked and still runs
NOT_MOUNTED = "not mounted"  # umount's word for a mount that is gone already
KILLED = 137  # the container ended under the command, and took it along

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A FUSE container that runs, and what ends it."""

    name: str
    command: tuple[str, ...]  # () = nobody knows what


class ApplicationReconciler:
    """Ends what a pod's application has left running."""

    def __init__(self, api: KubernetesApi, *, disabling_label: str = "") -> None:
        self._api, self._disabling_label = api, disabling_label

    def reconcile(self, key: Key) -> float | None:
        """Look at the pod as it is now; return when to look again at clients that were asked to end."""
        pod = self._api.get(PODS, key.namespace, key.name)
        if pod is None or (pod["metadata"].get("labels") or {}).get(self._disabling_label) == "true":
            return None
        sidecars = sidecars_to_end(pod)
        failures = [failure for sidecar in sidecars if (failure := self._end(pod, sidecar))]
        if failures:
            raise RetryError("; ".join(failures))
        return AGAIN_SECONDS if sidecars else None

    def _end(self, pod: Object, sidecar: Sidecar) -> str:
        """Ask one client to end; return why that did not succeed, "" when it did."""
        if not sidecar.command:
            return f"{sidecar.name} has no preStop command and names no mount path: end it by hand"
        try:
            ended = self._api.execute(pod, sidecar.name, sidecar.command, seconds=COMMAND_SECONDS)
        except (ApiError, ApiUnreachableError) as error:
            if isinstance(error, ApiError) and error.status == NOT_FOUND:
                return ""  # the pod is gone
            return f"{sidecar.name}: {error}"
        if succeeded(ended):
            log.info("%s/%s: %s was asked to end", pod["metadata"]["namespace"], pod["metadata"]["name"], sidecar.name)
            return ""
        return f"{sidecar.name}: {' '.join(sidecar.command)} ended with {ended.code}: {ended.output.strip()[:300]}"


def sidecars_to_end(pod: Object) -> list[Sidecar]:
    """Return the FUSE containers of a pod that still run although nothing uses their mounts any more."""
    labels, spec, status = pod["metadata"].get("labels") or {}, pod["spec"], pod.get("status") or {}
    if labels.get(MANAGED_BY) != "fluid" or labels.get(SIDECAR_DONE) != "true":
        return []
    policy = spec.get("restartPolicy", "Always")
    if policy == "Always" or status.get("phase") != "Running" or pod["metadata"].get("deletionTimestamp"):
        return []
    states = {each["name"]: each.get("state") or {} for each in status.get("containerStatuses") or []}
    containers = spec["containers"]
    if any(container["name"] not in states for container in containers):
        return []  # the node has not told of all of them yet
    fuse = [container for container in containers if FUSE_CONTAINER in container["name"]]
    others = [states[container["name"]] for container in containers if container not in fuse]
    if not others or not all(is_over(state, policy) for state in others):
        return []
    # One that has ended stays ended; after a failed attempt at another one it must not be in the way of the next.
    if any("waiting" in states[container["name"]] for container in fuse):
        return []
    return [
        Sidecar(name=container["name"], command=ending(container))
        for container in fuse
        if "running" in states[container["name"]]
    ]


def is_over(state: Object, policy: str) -> bool:
    """Tell whether a container has ended and will not be started again."""
    terminated = state.get("terminated")
    return terminated is not None and (policy == "Never" or terminated["exitCode"] == 0)


def ending(container: Object) -> tuple[str, ...]:
    """Return the command that ends a FUSE container from within: its preStop command, else the unmount of its path."""
    hook: dict[str, Any] = (container.get("lifecycle") or {}).get("preStop") or {}
    if command := (hook.get("exec") or {}).get("command"):
        return tuple(command)
    values = {variable["name"]: variable.get("value", "") for variable in container.get("env") or []}
    path = next((values[name] for name in MOUNT_VARIABLES if values.get(name)), "")
    return ("umount", path) if path else ()


def succeeded(ended: Executed) -> bool:
    """Tell whether a command has done what it was for; a mount that is gone and a container that is gone count."""
    return ended.code in {0, KILLED} or NOT_MOUNTED in ended.output
