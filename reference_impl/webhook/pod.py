"""What a pod says, read without assumptions: labels, claims, and which containers use them.

Rule: pure, and nothing is changed here.
"""

from collections.abc import Iterator
from typing import Any

from reference_impl.kubernetes_api import Object

SERVERLESS = "serverless.fluid.io/inject"
SERVERFUL = "fuse.serverful.fluid.io/inject"
ENABLED = "fluid.io/enable-injection"
UNPRIVILEGED = "unprivileged.sidecar.fluid.io/inject"
PLATFORM = "serverless.fluid.io/platform"
SKIP_CHECK = "sidecar.fluid.io/skip-precheck"
PATH_MODE = "default.fuse-sidecar.fluid.io/host-mount-path-mode"
RANDOM_SUFFIX = "random-suffix"


def labels(pod: Object) -> dict[str, str]:
    """Return a pod's labels."""
    return dict(pod["metadata"].get("labels") or {})


def annotations(pod: Object) -> dict[str, str]:
    """Return a pod's annotations."""
    return dict(pod["metadata"].get("annotations") or {})


def claims(pod: Object) -> dict[str, list[str]]:
    """Return the names of the claims that a pod refers to, in order, each with the names of its volumes."""
    found: dict[str, list[str]] = {}
    for volume in pod["spec"].get("volumes") or []:
        if claim := (volume.get("persistentVolumeClaim") or {}).get("claimName"):
            found.setdefault(claim, []).append(volume["name"])
    return dict(sorted(found.items()))


def uses(container: dict[str, Any], volumes: list[str]) -> bool:
    """Tell whether a container mounts one of the volumes."""
    return any(mount["name"] in volumes for mount in container.get("volumeMounts") or [])


def containers(pod: Object) -> Iterator[dict[str, Any]]:
    """Yield all containers, those of the start included."""
    yield from pod["spec"].get("initContainers") or []
    yield from pod["spec"]["containers"]
