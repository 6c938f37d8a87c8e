"""The scenario's manifests, one template each, and its arithmetic.

Rule: the YAML is what a user would apply, and that of the scenario itself is the article's; a test changes what it
needs on the parsed objects, in sight.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from fixtures.errors import UserError
from fixtures.stores import Naming
from suite import documents

Object = dict[str, Any]
_HERE = Path(__file__).parent

# Source: the article's motivation; decimal units. 100 × 30 GB × 8 ÷ 10 Gbit/s = 2400 s.
ARTICLE = {"readers": 100, "bytes": 30_000_000_000, "bitsPerSecond": 10_000_000_000, "seconds": 2400}

NAME = "demo-dataset"  # as in the article
BUCKET = "fluid-demo"  # as in the article

KINDS = {
    "dataset.yaml": ["Secret", "Dataset", "JindoRuntime"],
    "s3.yaml": ["Secret", "Dataset"],
    "reader.yaml": ["Pod"],
    "direct.yaml": ["Pod"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """What the article's formula says for this run: T = R × size ÷ cap without a cache, size ÷ cap with one."""

    readers: int
    object_bytes: int
    origin_bytes_per_second: int

    @property
    def direct_seconds(self) -> float | None:
        """Seconds that every reader waits when all read from the origin; None without a cap."""
        return self._seconds(self.readers)

    @property
    def cold_seconds(self) -> float | None:
        """The least that the one transfer into the cache takes."""
        return self._seconds(1)

    def _seconds(self, times: int) -> float | None:
        rate = self.origin_bytes_per_second
        return times * self.object_bytes / rate if rate else None


def dataset_objects(store: Naming, *, name: str = NAME, bucket: str = BUCKET) -> list[Object]:
    """Return Secret, Dataset and JindoRuntime; as the article writes them for OSS, where nothing else is asked for."""
    key_id, key_secret = (secret.reveal() for secret in store.secrets.values())
    credentials = {"access_key_id": key_id, "access_key_secret": key_secret}
    secret, dataset, runtime = _render("dataset.yaml", credentials)
    if store.scheme == "s3":
        secret, dataset = _render("s3.yaml", credentials)
    mount = dataset["spec"]["mounts"][0]
    mount["mountPoint"], mount["options"] = store.mount_point(bucket), dict(store.options)
    for named in (dataset, runtime):
        named["metadata"]["name"] = name
    return [secret, dataset, runtime]


def reader_pod(*, name: str, claim: str, args: list[str]) -> Object:
    """Return a reader of the Dataset's volume."""
    return _with_args(_render("reader.yaml", {"name": name, "claim": claim})[0], args)


def direct_pod(*, name: str, secret: str, args: list[str]) -> Object:
    """Return a reader of the origin."""
    return _with_args(_render("direct.yaml", {"name": name, "secret": secret})[0], args)


def check() -> None:
    """Fill in every template; raises UserError naming file and line of what is broken."""
    credentials = {"access_key_id": "key", "access_key_secret": "key"}
    _render("dataset.yaml", credentials)
    _render("s3.yaml", credentials)
    reader_pod(name="name", claim="claim", args=[])
    direct_pod(name="name", secret="secret", args=[])  # noqa: S106 - a Secret's name


def _render(file: str, values: Mapping[str, str]) -> list[Object]:
    path = _HERE / file
    try:
        text = Template(documents.read(path)).substitute(values)
    except KeyError as error:
        raise UserError(f"{path}: nothing is known to put in for ${error.args[0]}, only {', '.join(values)}") from error
    except ValueError as error:
        raise UserError(f"{path}: {error}; a $ of its own is written $$") from error
    found = documents.parse(path, text)
    if [each.get("kind") if isinstance(each, dict) else None for each in found] != KINDS[file]:
        raise UserError(f"{path}: takes {' and '.join(KINDS[file])} in this order, and nothing else")
    return found


def _with_args(pod: Object, args: list[str]) -> Object:
    pod["spec"]["containers"][0]["args"] = args
    return pod
