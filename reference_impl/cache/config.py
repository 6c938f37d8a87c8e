"""What the controller tells worker and client: one JSON file, checked once, then frozen.

The file holds no secret; it says in which mounted files the secrets are.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reference_impl.cache.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LOCATION = "/etc/fluid/config/runtime.json"
LOCATION_VARIABLE = "FLUID_RUNTIME_CONFIG"
_OSS_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_SCHEMES = ("s3", "oss")  # options of a mount are called fs.<scheme>.<what>
_LEAST_BLOCKS = 2  # one being served, one being fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class MountConfig:
    """One mount of the dataset: a bucket, or what lies below a prefix of it, seen at a path."""

    scheme: str  # s3 or oss: what the origin speaks
    bucket: str
    prefix: str  # without leading slash; empty, or ending in a slash
    path: str  # absolute, without trailing slash; "/" for the root
    endpoint: str  # http://host:port or https://host
    region: str  # "" where it is not told
    access_key_file: Path | None  # both files, or neither: then requests are anonymous
    secret_key_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersConfig:
    """Where the workers of the dataset listen."""

    hosts: tuple[str, ...]
    data_port: int
    control_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TierConfig:
    """Where cached bytes lie, and how many there may be."""

    directory: Path
    quota_bytes: int
    high: float  # share of the quota above which objects are evicted …
    low: float  # … down to this one
    huge_pages: bool  # wanted where they are allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeConfig:
    """Everything of the file."""

    dataset: str  # namespace/name
    mounts: tuple[MountConfig, ...]
    workers: WorkersConfig
    tier: TierConfig
    stripe_bytes: int
    block_bytes: int
    socket_directory: Path | None  # shared by workers and clients of a node; None: TCP only
    copies_directory: Path | None  # of a client alone; None: it keeps no copies
    copy_bytes: int  # how many bytes of copies a client may keep
    passthrough: bool  # whether the kernel may read whole files in the clients' stead


def load(environment: Mapping[str, str]) -> RuntimeConfig:
    """Read the file that the environment names, or the usual one; UserError says what is wrong with it."""
    location = environment.get(LOCATION_VARIABLE, DEFAULT_LOCATION)
    try:
        document = json.loads(Path(location).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{location}: {error.strerror}. Mount the runtime's ConfigMap there, "
            f"or set {LOCATION_VARIABLE} to where it is."
        ) from error
    except ValueError as error:
        raise UserError(f"{location}: not JSON ({error}). The runtime's controller writes this file.") from error
    try:
        return parse(document)
    except KeyError as error:
        raise UserError(f"{location}: {error} is missing. The runtime's controller writes this file.") from error
    except (TypeError, ValueError) as error:
        raise UserError(f"{location}: {error}. The runtime's controller writes this file.") from error


def parse(document: Mapping[str, Any]) -> RuntimeConfig:
    """Turn the parsed JSON into a configuration; KeyError, TypeError or ValueError where it is not one."""
    dataset = document["dataset"]
    config = RuntimeConfig(
        dataset=f"{dataset['namespace']}/{dataset['name']}",
        mounts=tuple(_mount(mount) for mount in document["mounts"]),
        workers=_workers(document["workers"]),
        tier=_tier(document["tiers"]),
        stripe_bytes=int(document["stripeBytes"]),
        block_bytes=int(document["blockBytes"]),
        socket_directory=Path(directory) if (directory := document.get("socketDirectory")) else None,
        copies_directory=Path(directory) if (directory := document.get("copiesDirectory")) else None,
        copy_bytes=int(document.get("clientCopyBytes", 0)),
        passthrough=bool(document.get("passthrough", True)),
    )
    if config.block_bytes < 1 or config.stripe_bytes % config.block_bytes:
        raise ValueError(f"stripeBytes {config.stripe_bytes} is no multiple of blockBytes {config.block_bytes}")
    if config.tier.quota_bytes * config.tier.high < _LEAST_BLOCKS * config.block_bytes:
        raise ValueError(
            f"quotaBytes {config.tier.quota_bytes} holds fewer than {_LEAST_BLOCKS} blocks "
            f"of {config.block_bytes} bytes"
        )
    return config


def _mount(document: Mapping[str, Any]) -> MountConfig:
    location = urlsplit(document["mountPoint"])
    scheme = location.scheme
    if scheme not in _SCHEMES or not location.netloc:
        raise ValueError(f"mountPoint {document['mountPoint']!r} is neither s3://bucket[/prefix] nor oss://…")
    options = document.get("options", {})
    endpoint = str(options[f"fs.{scheme}.endpoint"]).rstrip("/")
    if scheme == "oss":
        endpoint = _oss_endpoint(endpoint, location.netloc)
    if urlsplit(endpoint).scheme not in {"http", "https"}:
        raise ValueError(f"fs.{scheme}.endpoint {endpoint!r} does not start with http:// or https://")
    prefix = location.path.strip("/")
    path = str(document.get("path") or "/" + str(document["name"]))
    secrets = document.get("secretFiles") or {}
    return MountConfig(
        scheme=scheme,
        bucket=location.netloc,
        prefix=f"{prefix}/" if prefix else "",
        path="/" + path.strip("/"),
        endpoint=endpoint,
        region=str(options.get(f"fs.{scheme}.region", "")),
        access_key_file=Path(secrets[f"fs.{scheme}.accessKeyId"]) if secrets else None,
        secret_key_file=Path(secrets[f"fs.{scheme}.accessKeySecret"]) if secrets else None,
    )


def _oss_endpoint(text: str, bucket: str) -> str:
    if not _OSS_BUCKET.fullmatch(bucket):
        raise ValueError(f"mountPoint oss://{bucket}: an OSS bucket has 3 to 63 of a-z, 0-9 and - (not at its ends)")
    endpoint = text if "://" in text else f"http://{text}"  # as the article writes it
    if urlsplit(endpoint).path:
        raise ValueError(f"fs.oss.endpoint {text!r} has a path: give the host alone")
    return endpoint


def _workers(document: Mapping[str, Any]) -> WorkersConfig:
    hosts = tuple(str(host) for host in document["hosts"])
    if not hosts:
        raise ValueError("workers.hosts is empty")
    return WorkersConfig(hosts=hosts, data_port=int(document["dataPort"]), control_port=int(document["controlPort"]))


def _tier(documents: list[Mapping[str, Any]]) -> TierConfig:
    # The first level only: the reference keeps one copy in one place.
    document = documents[0]
    tier = TierConfig(
        directory=Path(document["path"]),
        quota_bytes=int(document["quotaBytes"]),
        high=float(document.get("high", 0.99)),
        low=float(document.get("low", 0.95)),
        huge_pages=bool(document.get("hugePages", False)),
    )
    if not 0 < tier.low <= tier.high <= 1:
        raise ValueError(f"tier watermarks must be 0 < low <= high <= 1, not low {tier.low}, high {tier.high}")
    return tier
