"""The scenario's manifests, one template each, and its arithmetic.

Rule: the YAML is what a user would apply; a test changes what it needs on the parsed objects, in sight.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from fixtures.errors import UserError
from suite import documents

Object = dict[str, Any]
_HERE = Path(__file__).parent

# Source: the article's motivation; decimal units. 100 × 30 GB × 8 ÷ 10 Gbit/s = 2400 s.
ARTICLE = {"readers": 100, "bytes": 30_000_000_000, "bitsPerSecond": 10_000_000_000, "seconds": 2400}

KINDS = {"dataset.yaml": ["Secret", "Dataset", "JindoRuntime"], "reader.yaml": ["Pod"], "direct.yaml": ["Pod"]}


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


def dataset_objects(*, name: str, bucket: str, endpoint: str, access_key: str, secret_key: str) -> list[Object]:
    """Return Secret, Dataset and JindoRuntime as the article writes them."""
    return _render(
        "dataset.yaml",
        {"name": name, "bucket": bucket, "endpoint": endpoint, "access_key": access_key, "secret_key": secret_key},
    )


def reader_pod(*, name: str, claim: str, args: list[str]) -> Object:
    """Return a reader of the Dataset's volume."""
    return _with_args(_render("reader.yaml", {"name": name, "claim": claim})[0], args)


def direct_pod(*, name: str, secret: str, args: list[str]) -> Object:
    """Return a reader of the origin."""
    return _with_args(_render("direct.yaml", {"name": name, "secret": secret})[0], args)


def check() -> None:
    """Fill in every template; raises UserError naming file and line of what is broken."""
    dataset_objects(name="name", bucket="bucket", endpoint="http://endpoint", access_key="key", secret_key="key")  # noqa: S106 - nobody's
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
