"""What a Dataset and its JindoRuntime ask for, checked, as plain values.

Rule: everything that the reference cannot do is refused here, with the field's path and the way out; nothing is
ignored that would change what a reader gets. Left aside on purpose, for they configure JindoFS itself: jindoVersion
and other images, logConfig, hadoopConfig, user, secret, the master (the reference has none), and all properties but:

unixSocket: "false"       no unix socket between worker and clients of a node, where the controller's setting allows it
                          ("true" where it does not): only platforms with hostPath volumes can have it
clientCopyBytes: "10Gi"   each client keeps copies of what its readers have read, up to that many bytes of memory,
                          where no worker on the same node has all of the object
hugePages: "true"         huge pages for the tiers in memory: the workers' containers get CAP_SYS_ADMIN, and use them
                          where their nodes allow it
passthrough: "false"      the kernel does not read cached files in the clients' stead: they read them themselves
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reference_impl.controllers.jindo.quantity import parse_quantity
from reference_impl.controllers.names import LONGEST_NAME, Names
from reference_impl.kubernetes_api import Object

SCHEMES = ("s3://", "oss://")
SECRETS_DIRECTORY = "/etc/fluid/secrets"
# The properties that are heeded, see above.
UNIX_SOCKET, PASSTHROUGH, HUGE_PAGES, CLIENT_COPY_BYTES = "unixSocket", "passthrough", "hugePages", "clientCopyBytes"
DEFAULT_HIGH, DEFAULT_LOW = 0.95, 0.7


class InvalidSpecError(Exception):
    """A field asks for something that is not possible; the text names it and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One level of the cache on every worker."""

    medium: str  # MEM, SSD, HDD
    path: str
    quota: str  # as the user wrote it
    quota_bytes: int
    high: float  # of the quota: above it the worker evicts …
    low: float  # … until it is below this

    @property
    def in_memory(self) -> bool:
        """Tell whether it is memory."""
        return self.medium == "MEM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One origin and where it appears in the file system."""

    mount_point: str
    path: str
    name: str
    options: Mapping[str, str]
    secrets: Mapping[str, tuple[str, str]]  # option -> (Secret, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that the objects of one runtime are built from."""

    names: Names
    replicas: int
    exclusive: bool
    tiers: tuple[Tier, ...]
    mounts: tuple[Mount, ...]
    unix_sockets: bool  # whether workers and clients of one node share a directory of it
    huge_pages: bool  # whether workers try to get them for tiers in memory
    client_copy_bytes: int  # of memory for copies in each client; 0: none
    passthrough: bool  # whether clients may let the kernel read whole files in their stead

    @property
    def memory_bytes(self) -> int:
        """Return the quota in memory of one worker."""
        return sum(tier.quota_bytes for tier in self.tiers if tier.in_memory)

    @property
    def quota_bytes(self) -> int:
        """Return the whole quota of one worker."""
        return sum(tier.quota_bytes for tier in self.tiers)

    @property
    def secret_names(self) -> tuple[str, ...]:
        """Return the Secrets that the workers mount, each once."""
        return tuple(sorted({secret for mount in self.mounts for secret, _ in mount.secrets.values()}))


def make_plan(dataset: Object, runtime: Object, *, unix_sockets: bool = True) -> Plan:
    """Return the plan, or raise InvalidSpecError for the first field that cannot be served.

    `unix_sockets` is what the controller does where the runtime does not say.
    """
    metadata, spec = dataset["metadata"], runtime.get("spec") or {}
    names = Names(namespace=metadata["namespace"], name=metadata["name"], dataset_uid=metadata["uid"])
    if len(names.name) > LONGEST_NAME:
        raise InvalidSpecError(
            f"name: {len(names.name)} characters, but the workers' pods need a label of name + 26 characters, "
            f"63 at most: choose a name of {LONGEST_NAME} or fewer"
        )
    if spec.get("networkmode") == "HostNetwork":
        raise InvalidSpecError(
            "spec.networkmode: HostNetwork is not supported here: leave it out or use ContainerNetwork"
        )
    dataset_spec = dataset.get("spec") or {}
    return Plan(
        names=names,
        replicas=desired_replicas(spec),
        exclusive=(dataset_spec.get("placement") or "Exclusive") == "Exclusive",
        tiers=_tiers(spec),
        mounts=_mounts(dataset_spec),
        unix_sockets=_switch(spec, UNIX_SOCKET, default=unix_sockets),
        huge_pages=_switch(spec, HUGE_PAGES, default=False),
        client_copy_bytes=_size(spec, CLIENT_COPY_BYTES),
        passthrough=_switch(spec, PASSTHROUGH, default=True),
    )


def desired_replicas(spec: Mapping[str, Any]) -> int:
    """Return how many workers a runtime's spec asks for, 1 where it does not say."""
    replicas = spec.get("replicas")
    return int((spec.get("worker") or {}).get("replicas", 1) if replicas is None else replicas)


def _switch(spec: Mapping[str, Any], name: str, *, default: bool) -> bool:
    text = (spec.get("properties") or {}).get(name, str(default).lower())
    if text not in {"true", "false"}:
        raise InvalidSpecError(f'spec.properties.{name}: {text!r} is neither "true" nor "false": set one of them')
    return bool(text == "true")


def _size(spec: Mapping[str, Any], name: str) -> int:
    text = (spec.get("properties") or {}).get(name, "0")
    try:
        size = parse_quantity(text)
    except ValueError as error:
        raise InvalidSpecError(f"spec.properties.{name}: {error}: set one, or leave it out") from None
    if size < 0:
        raise InvalidSpecError(f"spec.properties.{name}: {text!r} is less than nothing: set a quantity like 10Gi")
    return size


def _tiers(spec: Mapping[str, Any]) -> tuple[Tier, ...]:
    levels = (spec.get("tieredstore") or {}).get("levels") or []
    if not levels:
        raise InvalidSpecError(
            "spec.tieredstore.levels: none, but the workers need a place for data: give at least one level"
        )
    return tuple(_tier(level, f"spec.tieredstore.levels[{index}]") for index, level in enumerate(levels))


def _tier(level: Mapping[str, Any], where: str) -> Tier:
    if level.get("volumeType") != "emptyDir" or level.get("volumeSource"):
        raise InvalidSpecError(
            f"{where}.volumeType: only emptyDir is supported here, which leaves nothing on nodes: set it"
        )
    quota, path = level.get("quota", level.get("quotaList")), level.get("path", "")
    if quota is None:
        raise InvalidSpecError(f"{where}: neither quota nor quotaList: set the quota, e.g. 40Gi")
    if not path.startswith("/") or "," in path:
        raise InvalidSpecError(
            f"{where}.path: {path!r} is not one absolute path: give each directory a level of its own"
        )
    try:
        size = parse_quantity(quota)
    except ValueError as error:
        raise InvalidSpecError(f"{where}.quota: {error}") from error
    if size <= 0:
        raise InvalidSpecError(f"{where}.quota: {quota} is not more than nothing: set e.g. 40Gi")
    high, low = _share(level, "high", DEFAULT_HIGH, where), _share(level, "low", DEFAULT_LOW, where)
    if low > high:
        raise InvalidSpecError(f"{where}: low {low} is above high {high}: lower it")
    return Tier(medium=level["mediumtype"], path=path, quota=str(quota), quota_bytes=size, high=high, low=low)


def _share(level: Mapping[str, Any], key: str, default: float, where: str) -> float:
    text = level.get(key) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise InvalidSpecError(f'{where}.{key}: {text!r} is not a share of the quota: use a string like "{default}"')
    return value


def _mounts(spec: Mapping[str, Any]) -> tuple[Mount, ...]:
    entries = spec.get("mounts") or []
    if not entries:
        raise InvalidSpecError("Dataset spec.mounts: none: name at least one s3:// or oss:// mount point")
    mounts = tuple(_mount(spec, entry, f"Dataset spec.mounts[{index}]") for index, entry in enumerate(entries))
    paths = [mount.path for mount in mounts]
    if twice := {path for path in paths if paths.count(path) > 1}:
        raise InvalidSpecError(f"Dataset spec.mounts: more than one appears at {min(twice)}: give them different paths")
    return mounts


def _mount(spec: Mapping[str, Any], entry: Mapping[str, Any], where: str) -> Mount:
    point, name, path = entry["mountPoint"], entry.get("name", ""), entry.get("path", "")
    if not point.startswith(SCHEMES):
        raise InvalidSpecError(
            f"{where}.mountPoint: {point!r} is neither s3:// nor oss://: only these are supported here"
        )
    if not path.startswith("/") and not name:
        raise InvalidSpecError(f"{where}: neither an absolute path nor a name: set one of them")
    shared = _secret_references(spec.get("sharedEncryptOptions") or [], "Dataset spec.sharedEncryptOptions")
    own = _secret_references(entry.get("encryptOptions") or [], f"{where}.encryptOptions")
    options = {**(spec.get("sharedOptions") or {}), **(entry.get("options") or {})}
    if both := options.keys() & (shared | own).keys():
        raise InvalidSpecError(f"{where}: option {min(both)} is both plain and encrypted: keep one of them")
    return Mount(
        mount_point=point,
        path=path if path.startswith("/") else f"/{name}",
        name=name,
        options=options,
        secrets=shared | own,
    )


def _secret_references(entries: Iterable[Mapping[str, Any]], where: str) -> dict[str, tuple[str, str]]:
    found = {}
    for entry in entries:
        reference = (entry.get("valueFrom") or {}).get("secretKeyRef") or {}
        if not reference.get("name") or not reference.get("key"):
            raise InvalidSpecError(
                f"{where}: option {entry['name']} has no valueFrom.secretKeyRef with name and key: add it"
            )
        found[entry["name"]] = (reference["name"], reference["key"])
    return found
