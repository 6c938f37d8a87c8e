"""Reading pieces from the workers that hold them, for nothing but their being read.

Rule: a piece is read from its owner, for a reader will ask it first. A worker that is away is waited for, then passed
over in this load as a reader passes over it. Bytes land in one buffer for each thread, and are overwritten there.
"""

from __future__ import annotations

import collections
import logging
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_impl.cache.http_target import version_target
from reference_impl.cache.load_errors import DeniedError, GiveUpError, LoadError, NoRoomError
from reference_impl.cache.wire import Buffer, Response, Watch, WorkerUnreachableError
from reference_impl.cache.workers import Port, WorkerHealth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference_impl.cache.config import RuntimeConfig
    from reference_impl.cache.load_names import Piece
    from reference_impl.cache.load_progress import Progress

_log = logging.getLogger(__name__)

_THREADS = 4
_PATIENCE_SECONDS = 20.0  # with one worker; one whose pod is made anew is back by then
_REPLACED = frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.NOT_FOUND})


class PieceReader:
    """Reads all pieces with a few threads."""

    def __init__(self, config: RuntimeConfig, progress: Progress) -> None:
        self._config, self._progress = config, progress
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._away: set[str] = set()  # workers that are waited for no longer
        self._failure: Exception | None = None
        self.held: collections.Counter[str] = collections.Counter()  # bytes that were read from each worker

    def read_all(self, wanted: Iterator[Piece]) -> None:
        """Read every piece; LoadError for the first that could not be read."""
        threads = [threading.Thread(target=self._run, args=(wanted,), name=f"load-{i}") for i in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self, wanted: Iterator[Piece]) -> None:
        port = Port(
            self._config.workers.data_port,
            buffer=Buffer(self._config.block_bytes),
            health=WorkerHealth(),
            stopping=self._stopping,
            patient=False,
        )
        try:
            while (piece := self._next(wanted)) is not None:
                self._read(piece, port)
        except Exception as error:  # noqa: BLE001 - told by the thread that waits for this one
            self._fail(error)
        finally:
            port.close()

    def _next(self, wanted: Iterator[Piece]) -> Piece | None:
        with self._lock:  # a generator answers one thread at a time
            return None if self._stopping.is_set() else next(wanted, None)

    def _fail(self, error: Exception) -> None:
        with self._lock:
            # What the others say once they are told to stop is no cause.
            self._failure = self._failure or error
            self._stopping.set()

    def _read(self, piece: Piece, port: Port) -> None:
        target = version_target(piece.file.path, piece.file.etag, piece.file.size)
        last = ""
        for host in piece.hosts:
            if host in self._away:
                continue
            try:
                self._read_from(host, piece, target, port)
            except WorkerUnreachableError as error:
                last = f": {error}"
                self._away.add(host)
                _log.warning("worker %s does not answer: loading into the next one", host)
                continue
            return
        raise GiveUpError(f"{piece.file.path}: no worker answers{last}")

    def _read_from(self, host: str, piece: Piece, target: bytes, port: Port) -> None:
        at = piece.first
        try:
            while at < piece.end:
                end = min(at + self._config.block_bytes, piece.end)
                response = port.get((host,), target, Watch(deadline=time.monotonic() + _PATIENCE_SECONDS), (at, end))
                if response.status != HTTPStatus.PARTIAL_CONTENT or len(response.body) != end - at:
                    raise _refused(piece, response)
                self._progress.add(end - at)
                at = end
        except WorkerUnreachableError:
            self._progress.add(piece.first - at)  # whoever takes over has to hold all of it
            raise
        with self._lock:
            self.held[host] += piece.end - piece.first


def _refused(piece: Piece, response: Response) -> LoadError:
    reason = bytes(response.body[:300]).decode(errors="replace").strip()
    if response.status == HTTPStatus.FORBIDDEN:
        return DeniedError(f"{piece.file.path}: the origin denies it: {reason}")
    if response.status == HTTPStatus.INSUFFICIENT_STORAGE:
        return NoRoomError(f"{piece.file.path}: the cache has no room: {reason}")
    if response.status in _REPLACED:
        return GiveUpError(f"{piece.file.path}: replaced or deleted in the origin while it was loaded")
    return GiveUpError(f"{piece.file.path}: status {response.status} {reason}")
