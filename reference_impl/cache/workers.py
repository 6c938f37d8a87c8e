"""The workers as a client sees them: whom to ask first, whom next, and who was down a moment ago.

Rule: a worker that can't be reached is passed over for a while, and the next one in placement order reads
through in its stead: right bytes, no error. When nobody can be reached until the deadline, that is the error.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_impl.cache.unix_socket import socket_path
from reference_impl.cache.wire import Buffer, Response, Watch, WorkerConnection, WorkerUnreachableError

if TYPE_CHECKING:
    import threading
    from pathlib import Path

_PASSED_OVER_SECONDS = 3.0
_BETWEEN_ROUNDS_SECONDS = 0.25
_SILENT_SECONDS = 20.0  # longer than a worker waits for its origin


class WorkerHealth:
    """Who was unreachable lately; shared by all threads of a client."""

    def __init__(self) -> None:
        self._down_until: dict[str, float] = {}

    def in_order(self, hosts: tuple[str, ...]) -> list[str]:
        """Return the hosts, those that were down a moment ago after the others."""
        now = time.monotonic()
        return sorted(hosts, key=lambda host: self._down_until.get(host, 0.0) > now)

    def put_down(self, host: str) -> None:
        """Say that a worker could not be reached."""
        self._down_until[host] = time.monotonic() + _PASSED_OVER_SECONDS


class Port:
    """One port of all workers, as one session uses it."""

    def __init__(
        self,
        port: int,
        *,
        buffer: Buffer,
        health: WorkerHealth,
        stopping: threading.Event,
        patient: bool,
        sockets: Path | None = None,
    ) -> None:
        self._port = port
        self._sockets = sockets  # where workers on this node have theirs
        self._buffer = buffer
        self._health = health
        self._stopping = stopping
        self._patient = patient
        self._connections: dict[str, WorkerConnection] = {}

    def get(self, hosts: tuple[str, ...], target: bytes, watch: Watch, span: tuple[int, int] | None = None) -> Response:
        """Return the first answer of any worker, in order; WorkerUnreachableError when there is none in time.

        On a `patient` port a worker that lacks the origin is no last word: the others are asked too.
        """
        last = WorkerUnreachableError("the client is stopping")
        while True:
            unavailable: Response | None = None
            for host in self._health.in_order(hosts):
                try:
                    response = self._ask(host, target, watch, span)
                except WorkerUnreachableError as error:
                    last = error
                    self._health.put_down(host)
                    continue
                if not self._patient or response.status != HTTPStatus.SERVICE_UNAVAILABLE:
                    return response
                unavailable = Response(response.status, memoryview(bytes(response.body)), response.beside)
            if unavailable is not None:
                return unavailable
            if self._stopping.wait(_BETWEEN_ROUNDS_SECONDS) or time.monotonic() >= watch.deadline:
                raise last
            watch.check()

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.close()

    def _ask(self, host: str, target: bytes, watch: Watch, span: tuple[int, int] | None) -> Response:
        connection = self._connections.get(host)
        if connection is None:
            beside = socket_path(self._sockets, host) if self._sockets else None
            connection = WorkerConnection(host, self._port, self._buffer, beside=beside)
            self._connections[host] = connection
        overall = watch.deadline
        watch.deadline = min(overall, time.monotonic() + _SILENT_SECONDS)
        try:
            return connection.get(target, watch, span)
        finally:
            watch.deadline = overall
