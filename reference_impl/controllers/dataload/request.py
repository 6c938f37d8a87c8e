"""What a DataLoad asks for, checked, as plain values.

Rule: what the reference cannot do is refused with the field's path and the way out, before anything exists for it;
nothing that would change what is loaded, or when, is ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_impl.controllers.names import DNS_1035_LABEL, RUNTIME_TYPE
from reference_impl.kubernetes_api import Object

KIND = "DataLoad"
FINALIZER = "fluid-dataload-controller-finalizer"
POD_ROLE, JOB_ROLE = "dataload-pod", "dataload-job"


class UnsupportedError(Exception):
    """It asks for something that is not offered here: event DataOperationNotSupport, and no condition."""


class InvalidError(Exception):
    """It contradicts itself: a condition with this reason, and event DataOperationNotValid."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whose data is to be loaded, word for word as it was written."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadNames:
    """Everything that is named after one DataLoad."""

    namespace: str
    name: str

    @property
    def release(self) -> str:
        """Return the label that its Job and pods carry."""
        return f"{self.name}-loader"

    @property
    def job(self) -> str:
        """Return the name of its Job."""
        return f"{self.name}-loader-job"

    @property
    def pods(self) -> str:
        """Return the selector of its pods."""
        return f"release={self.release},role={POD_ROLE}"


def names_of(load: Object) -> LoadNames:
    """Return the names of a DataLoad's objects."""
    return LoadNames(namespace=load["metadata"]["namespace"], name=load["metadata"]["name"])


def spec_of(load: Object) -> Mapping[str, Any]:
    """Return the spec, empty where there is none."""
    return load.get("spec") or {}


def target_of(load: Object) -> Target:
    """Return the Dataset that it names; an empty namespace stays one, as in Fluid."""
    dataset = spec_of(load).get("dataset") or {}
    return Target(namespace=dataset.get("namespace", ""), name=dataset.get("name", ""))


def paths_of(load: Object) -> list[str]:
    """Return the paths to load, everything by default."""
    return [target["path"] for target in spec_of(load).get("target") or []] or ["/"]


def check(load: Object, dataset: Object) -> None:
    """Raise InvalidError or UnsupportedError for the first thing that cannot be done."""
    check_namespace(load)
    if not DNS_1035_LABEL.fullmatch(names_of(load).release):
        raise UnsupportedError(f"name: {names_of(load).name!r} makes no label with -loader: choose a shorter one (a-z)")
    kinds = [runtime.get("type") for runtime in dataset["status"]["runtimes"]]
    if kinds != [RUNTIME_TYPE]:
        raise UnsupportedError(f"the Dataset's runtime is {kinds}: only a JindoRuntime's data can be loaded here")
    spec = spec_of(load)
    if (policy := spec.get("policy", "Once")) != "Once":
        raise UnsupportedError(f"spec.policy: {policy} is not supported here, only Once: make one for each load")
    for field in ("runAfter", "options"):
        if spec.get(field):
            raise UnsupportedError(f"spec.{field}: not supported here: leave it out")
    for index, wanted in enumerate(spec.get("target") or []):
        if wanted.get("replicas", 1) > 1:
            raise UnsupportedError(
                f"spec.target[{index}].replicas: {wanted['replicas']}, but the cache keeps one copy: leave it out"
            )


def check_namespace(load: Object) -> None:
    """Raise InvalidError when the Dataset is another namespace's."""
    target, namespace = target_of(load), load["metadata"]["namespace"]
    if target.namespace != namespace:
        raise InvalidError(
            "TargetDatasetNamespaceNotSame",
            f"spec.dataset.namespace is {target.namespace!r}, but this is {namespace}: create it beside its Dataset",
        )
