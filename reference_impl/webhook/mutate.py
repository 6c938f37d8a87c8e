"""From an AdmissionReview to its answer: unchanged, injected, or refused with the reason.

Rule: strict. A labelled pod that uses a Dataset is given its data as a whole or refused; it is never stored half-
done. Every look-up is a live read. Pods with the serverful label are checked alike and otherwise left as they are:
they get their data from the CSI plug-in.
"""

import base64
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from reference_impl.controllers.names import FUSE_ROLE, MANAGED_BY, RUNTIME_TYPE, SIDECAR_DONE
from reference_impl.kubernetes_api import Object
from reference_impl.webhook import pod as pods
from reference_impl.webhook.sidecar import Attachment, InjectionError, inject

KNOWN_BY_PREFIX = "fluid.io/s-"
KNOWN_BY_LABEL = (MANAGED_BY, "fluid.io/wrapped-by")
PLATFORMS = frozenset({"", "default"})
UNUSABLE_PHASES = frozenset({"", "NotBound"})
PATCHED = (("metadata", "labels"), ("metadata", "annotations"), ("spec", "volumes"), ("spec", "containers"),
           ("spec", "initContainers"))  # fmt: skip


class Lookups(Protocol):
    """Live reads of what a pod refers to; None where there is no such object."""

    def claim(self, namespace: str, name: str) -> Object | None:
        """Return a PersistentVolumeClaim."""

    def volume(self, name: str) -> Object | None:
        """Return a PersistentVolume."""

    def dataset(self, namespace: str, name: str) -> Object | None:
        """Return a Dataset."""

    def daemon_set(self, namespace: str, name: str) -> Object | None:
        """Return a DaemonSet."""


class RefusedError(Exception):
    """A pod may not be created; the text is for whoever creates it."""

    def __init__(self, message: str, code: int = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedDataset:
    """A claim of a pod that belongs to a Dataset."""

    claim: Object
    name: str
    volumes: list[str]


def mutate(review: Object, lookups: Lookups, *, disabled: bool = False, unique: Callable[[], str] = secrets.token_hex
           ) -> Object:  # fmt: skip
    """Return the AdmissionReview that answers a review of a pod's creation; `disabled` leaves every pod unchanged."""
    request = review["request"]
    response: Object = {"uid": request["uid"], "allowed": True}
    try:
        mutated = request["object"] if disabled else _admit(request["object"], request["namespace"], lookups, unique)
    except (RefusedError, InjectionError) as refusal:
        code = getattr(refusal, "code", HTTPStatus.INTERNAL_SERVER_ERROR)
        response |= {"allowed": False, "status": {"code": int(code), "message": str(refusal)}}
    else:
        if patch := json_patch(request["object"], mutated):
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def json_patch(before: Object, after: Object) -> list[Object]:
    """Return the operations that turn a pod into another in the parts that injection touches."""
    return [
        {"op": "add", "path": f"/{part}/{key}", "value": after[part][key]}
        for part, key in PATCHED
        if after[part].get(key) != before[part].get(key)
    ]


def _admit(pod: Object, namespace: str, lookups: Lookups, unique: Callable[[], str]) -> Object:
    own = pod["metadata"].get("namespace")
    if own and own != namespace:
        raise RefusedError(
            f"pod names namespace {own!r}, the request {namespace!r}: make them equal", HTTPStatus.FORBIDDEN
        )
    labels = pods.labels(pod)
    if labels.get(pods.ENABLED) == "false" or labels.get(SIDECAR_DONE) == "true":
        return pod
    serverless = labels.get(pods.SERVERLESS) == "true"
    if not serverless and labels.get(pods.SERVERFUL) != "true":
        return pod
    used = [found for found in (_used(pod, namespace, name, lookups) for name in pods.claims(pod)) if found]
    datasets = [_usable(namespace, found.name, pod, lookups) for found in used]
    if not serverless or not used:
        return pod
    _check_platform(pod)
    attachments = [
        _attachment(namespace, found, dataset, lookups) for found, dataset in zip(used, datasets, strict=True)
    ]
    return inject(pod, attachments, path_suffix=_path_suffix(pod, unique), unique=lambda: unique()[:8])


def _used(pod: Object, namespace: str, claim_name: str, lookups: Lookups) -> UsedDataset | None:
    """Return the Dataset that a claim belongs to, None for a foreign claim; a missing claim is refused."""
    claim = lookups.claim(namespace, claim_name)
    if claim is None:
        # A Dataset has its claim only once it is bound: then that is what its user needs to know.
        dataset = lookups.dataset(namespace, claim_name)
        if dataset is not None and (reason := not_usable(dataset)):
            raise RefusedError(reason)
        raise RefusedError(f'persistentvolumeclaim "{claim_name}" not found in namespace "{namespace}"')
    if (name := dataset_of(claim)) is None:
        return None
    return UsedDataset(claim=claim, name=name, volumes=pods.claims(pod)[claim_name])


def dataset_of(claim: Object) -> str | None:
    """Return the name of the Dataset that a claim belongs to, by its labels; None for a foreign claim."""
    labels = claim["metadata"].get("labels") or {}
    if any(key.startswith(KNOWN_BY_PREFIX) for key in labels):
        return str(claim["metadata"]["name"])
    return next((labels[key] for key in KNOWN_BY_LABEL if labels.get(key)), None)


def not_usable(dataset: Object) -> str | None:
    """Return why a Dataset's data is not there yet, None if it may be."""
    status, metadata = dataset.get("status") or {}, dataset["metadata"]
    if (status.get("phase") or "") not in UNUSABLE_PHASES:
        return None
    full_name = f'dataset "{metadata["namespace"]}/{metadata["name"]}"'
    for condition in status.get("conditions") or []:
        if condition["type"] == "NotReady" and condition["status"] == "True":
            return f"{full_name} not ready because {condition.get('message', '')}"
    return f"{full_name} not bound"


def _usable(namespace: str, name: str, pod: Object, lookups: Lookups) -> Object:
    dataset = lookups.dataset(namespace, name)
    if dataset is None:
        raise RefusedError(f'dataset "{namespace}/{name}" not found')
    skip = pods.annotations(pod).get(pods.SKIP_CHECK) == "true"
    if not skip and (reason := not_usable(dataset)):
        raise RefusedError(reason)
    return dataset


def _check_platform(pod: Object) -> None:
    platform = pods.annotations(pod).get(pods.PLATFORM, "")
    if platform not in PLATFORMS:
        raise RefusedError(f"annotation {pods.PLATFORM}={platform}: only the platform default is supported here")
    if pods.labels(pod).get(pods.UNPRIVILEGED) == "true":
        raise RefusedError(f"label {pods.UNPRIVILEGED}: only privileged sidecars are supported here")


def _attachment(namespace: str, found: UsedDataset, dataset: Object, lookups: Lookups) -> Attachment:
    full_name = f'dataset "{namespace}/{found.name}"'
    kinds = [runtime.get("type") for runtime in (dataset.get("status") or {}).get("runtimes") or []]
    if kinds and kinds[0] != RUNTIME_TYPE:
        raise RefusedError(f"{full_name}: no sidecar is known for its runtime type {kinds[0]!r}")
    daemon_set = lookups.daemon_set(namespace, f"{found.name}-{FUSE_ROLE}")
    volume = lookups.volume(found.claim["spec"].get("volumeName") or "")
    if daemon_set is None or volume is None:
        missing = f"daemonset {found.name}-{FUSE_ROLE}" if daemon_set is None else "its persistentvolume"
        raise RefusedError(f"{full_name} not ready because {missing} is missing")
    attributes = volume["spec"]["csi"]["volumeAttributes"]
    return Attachment(
        namespace=namespace,
        name=found.name,
        volumes=found.volumes,
        template=daemon_set["spec"]["template"],
        fluid_path=attributes["fluid_path"],
        sub_path=attributes.get("fluid_sub_path", ""),
    )


def _path_suffix(pod: Object, unique: Callable[[], str]) -> str:
    if pods.annotations(pod).get(pods.PATH_MODE) != pods.RANDOM_SUFFIX:
        return ""
    name = pod["metadata"].get("name") or pod["metadata"].get("generateName", "").rstrip("-")
    return f"{name}/{time.time_ns() // 1000}-{unique()[:8]}"
