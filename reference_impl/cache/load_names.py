"""What there is to load: the files below some paths, and the pieces in which the workers hold them.

Rule: names are listed as they are needed and never kept, so that a million files take no more memory than the
largest directory. All of them come from one worker while it lives, as with a client.
"""

from __future__ import annotations

import json
import posixpath
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reference_impl.cache.load_errors import DeniedError, GiveUpError, MissingError
from reference_impl.cache.placement import workers_in_order
from reference_impl.cache.wire import Buffer, Watch, WorkerUnreachableError
from reference_impl.cache.workers import Port, WorkerHealth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reference_impl.cache.config import RuntimeConfig

_PATIENCE_SECONDS = 30.0
_REFRESH_SECONDS = 10.0  # for one worker to list a large bucket
_AGAIN_SECONDS = 0.5
_LISTING_BYTES = 1 << 16  # of a buffer that grows for long listings


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One version of one file."""

    path: str
    etag: str
    size: int  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes first to end (exclusive) of a file: what one worker holds of it."""

    file: File
    first: int
    end: int
    hosts: tuple[str, ...]  # the owner first


class Names:
    """Asks the workers for names; used by one thread at a time."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._hosts = workers_in_order(config.workers.hosts, "/", 0)
        self._port = Port(
            config.workers.control_port,
            buffer=Buffer(_LISTING_BYTES),
            health=WorkerHealth(),
            stopping=threading.Event(),
            patient=True,
        )

    def close(self) -> None:
        """Close all connections."""
        self._port.close()

    def refresh(self, path: str) -> None:
        """Have every worker list the origin anew; one that is away does so anyway when it comes back."""
        for host in self._hosts:
            try:
                self._get(path, f"{_target('stat', path)}&newest=1", hosts=(host,), seconds=_REFRESH_SECONDS)
            except (GiveUpError, MissingError):
                continue

    def walk(self, paths: Iterable[str]) -> Iterator[File]:
        """Yield every file at or below the paths; MissingError names a path that is not there."""
        for path in paths:
            entry = self._ask("stat", path)
            if entry["directory"]:
                yield from self._below(path)
            else:
                yield _file(path, entry)

    def figures(self, host: str) -> dict[str, Any]:
        """Return what a worker says of itself; GiveUpError when it does not."""
        return self._get(f"worker {host}", "/stats", hosts=(host,), seconds=_PATIENCE_SECONDS)

    def _below(self, path: str) -> Iterator[File]:
        for entry in self._ask("list", path)["entries"]:
            inner = posixpath.join(path, entry["name"])
            if entry["directory"]:
                yield from self._below(inner)
            else:
                yield _file(inner, entry)

    def _ask(self, what: str, path: str) -> dict[str, Any]:
        return self._get(path, _target(what, path), hosts=self._hosts, seconds=_PATIENCE_SECONDS)

    def _get(self, about: str, target: str, *, hosts: tuple[str, ...], seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                response = self._port.get(hosts, target.encode(), Watch(deadline=deadline))
                document: dict[str, Any] = json.loads(bytes(response.body))
            except WorkerUnreachableError as error:
                raise GiveUpError(f"{about}: {error}") from None
            except ValueError:
                raise GiveUpError(f"{about}: status {response.status}, no JSON: not a worker of ours") from None
            if response.status == HTTPStatus.OK:
                return document
            reason = document.get("error", f"status {response.status}")
            if response.status == HTTPStatus.NOT_FOUND:
                raise MissingError(f"{about}: the origin has no such path")
            if response.status == HTTPStatus.FORBIDDEN:
                raise DeniedError(f"{about}: the origin denies it: {reason}")
            if time.monotonic() >= deadline:
                raise GiveUpError(f"{about}: {reason}")
            time.sleep(_AGAIN_SECONDS)


def outermost(paths: Sequence[str]) -> list[str]:
    """Return the paths as absolute ones, those that lie below another left out: nothing is to be loaded twice."""
    wanted = list(dict.fromkeys(posixpath.normpath(f"/{path.lstrip('/')}") for path in paths))
    return [path for path in wanted if not any(other != path and _is_below(path, other) for other in wanted)]


def pieces(config: RuntimeConfig, file: File) -> Iterator[Piece]:
    """Yield what each worker holds of a file; nothing for an empty one."""
    for stripe, first in enumerate(range(0, file.size, config.stripe_bytes)):
        hosts = workers_in_order(config.workers.hosts, file.path, stripe)
        yield Piece(file=file, first=first, end=min(first + config.stripe_bytes, file.size), hosts=hosts)


def _is_below(path: str, other: str) -> bool:
    return path.startswith(other if other == "/" else f"{other}/")


def _file(path: str, entry: dict[str, Any]) -> File:
    return File(path=path, etag=entry["etag"], size=entry["size"])


def _target(what: str, path: str) -> str:
    return f"/metadata/{what}?path={quote(path, errors='surrogateescape')}"
