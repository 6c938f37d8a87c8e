"""Serving: one thread that answers every reader with sendfile(2), as blocks land.

Rule: bytes go from the tier to the socket inside the kernel, but for small ranges, where that costs more than a
copy. A connection gets at most one quantum per turn,
so that a hundred readers of large ranges do not make one reader of a small range wait. All state of objects,
store and schedule belongs to this thread; others only wake it.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_impl.cache.connection import Connection
from reference_impl.cache.errors import port_error
from reference_impl.cache.http_request import (
    USUAL,
    RefusedError,
    asked,
    granted,
    parse_target,
    partial_head,
    range_of,
    refusal,
    success_head,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reference_impl.cache.errors import Cause
    from reference_impl.cache.objects import StoredObject, Version
    from reference_impl.cache.origin import Origin
    from reference_impl.cache.schedule import Arrival, Schedule
    from reference_impl.cache.store import Store

_log = logging.getLogger(__name__)

_QUANTUM = 1 << 21  # bytes per connection and turn
_COPIED = 16384  # bytes of an answer that are rather copied once: sendfile(2) sets up a pipe, which costs more
_BACKLOG = 1024
_MOST_TARGETS = 65536  # parsed request targets kept


def listen(address: tuple[str, int]) -> socket.socket:
    """Open a port; UserError says which and why not."""
    try:
        return socket.create_server(address, backlog=_BACKLOG)
    except OSError as error:
        raise port_error(address, error) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What the data port must know about names; both answer at once, without asking the origin."""

    origin_of: Callable[[str], tuple[Origin, str]]  # of a path: its origin and key; RefusedError without one
    known_version: Callable[[str], Version]  # the last one listed; RefusedError without one


class DataServer:
    """The data port and its unix socket. run() until stop(), which any thread or signal handler may call."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        *,
        store: Store,
        schedule: Schedule,
        directory: Directory,
        wake: int,
    ) -> None:
        self._store = store
        self._schedule = schedule
        self._directory = directory
        self._wake = wake  # an eventfd
        self._stopped = False
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._poll = select.epoll()
        for listener in listeners:
            listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
            self._poll.register(listener, select.EPOLLIN)
        self._poll.register(wake, select.EPOLLIN)
        self._connections: dict[int, Connection] = {}
        self._waiting: dict[tuple[StoredObject, int], list[Connection]] = {}
        self._versions: dict[bytes, Version] = {}
        self.hits = 0  # requests answered without waiting for the origin
        self.misses = 0

    def stop(self) -> None:
        """Make run() return after its current turn."""
        self._stopped = True
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Close every connection; the listeners are their owner's."""
        for connection in self._connections.values():
            connection.socket.close()
        self._connections.clear()
        self._poll.close()

    def run(self) -> None:
        """Serve until stopped."""
        while not self._stopped:
            for descriptor, events in self._poll.poll():
                if descriptor in self._listeners:
                    self._accept(self._listeners[descriptor])
                elif descriptor == self._wake:
                    os.eventfd_read(self._wake)
                    self._take(self._schedule.arrivals())
                else:
                    connection = self._connections.get(descriptor)
                    if connection is not None:
                        self._event(connection, events)
            self._take(self._schedule.dispatch())

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in {errno.ECONNABORTED, errno.EINTR}:
                    continue
                raise
            connection = Connection(accepted, self._poll)
            self._connections[connection.descriptor] = connection

    def _event(self, connection: Connection, events: int) -> None:
        if events & (select.EPOLLERR | select.EPOLLHUP):
            self._drop(connection)
            return
        try:
            if not connection.receive(events):
                self._drop(connection)
            elif not self._answered_at_once(connection):
                self._advance(connection)
        except OSError as error:
            self._lose(connection, error)

    def _answered_at_once(self, connection: Connection) -> bool:
        """Answer a small range of a whole object in one step; False leaves the connection to the usual way."""
        usual = USUAL.fullmatch(connection.whole_message())
        version = self._versions.get(usual[1]) if usual else None
        stored = self._store.find(version) if version else None
        if usual is None or stored is None or stored.missing:
            return False
        first, end, size = int(usual[2]), int(usual[3]) + 1, stored.version.size
        if not first < end <= size or end - first > _COPIED:
            return False
        body = os.pread(stored.descriptor, end - first, first)
        if len(body) != end - first:
            return False  # the usual way says so
        self.hits += 1
        return connection.answered(stored, first, end, partial_head(first, end, size) + body)

    def _take(self, arrivals: Iterable[Arrival]) -> None:
        for arrival in arrivals:
            for connection in self._waiting.pop((arrival.stored, arrival.block), ()):
                connection.waiting = None
                try:
                    if arrival.error is not None:
                        self._fail(connection, arrival.error.cause, str(arrival.error))
                    self._advance(connection)
                except OSError as error:
                    self._lose(connection, error)

    def _fail(self, connection: Connection, cause: Cause, message: str) -> None:
        if connection.begun:
            raise ConnectionAbortedError(message)  # the status is sent already: a short body says it
        self._finish(connection)
        connection.answer(refusal(cause.value, message))

    def _advance(self, connection: Connection) -> None:
        """Send what can be sent, then go on to the next request, until there is something to wait for."""
        while self._send(connection):
            self._finish(connection)
            if connection.close_after:
                self._drop(connection)
                return
            try:
                head = connection.next_head()
                if head is None:
                    return
                self._begin(connection, head)
            except RefusedError as refused:
                connection.close_after |= refused.status is HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                connection.answer(refusal(refused.status, str(refused)))

    def _begin(self, connection: Connection, head: bytes) -> None:
        request = asked(head)
        version = self._version(request.target)
        if request.lease:
            self._lease(connection, version)
            return
        wanted = range_of(request, version.size)
        stored = self._store.find(version)
        if stored is None:
            origin, key = self._directory.origin_of(version.path)
            stored = self._store.add(version, origin=origin, key=key)
        connection.close_after = request.closes
        connection.begin(stored, wanted.first, wanted.end, success_head(wanted, version))
        if not stored.missing or stored.present_from(wanted.first, wanted.end) == wanted.end:
            self.hits += 1
        else:
            self.misses += 1

    def _lease(self, connection: Connection, version: Version) -> None:
        if not connection.is_local or connection.leased:
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "one lease for each connection by unix socket")
        stored = self._store.find(version)
        descriptor = self._store.lease(stored) if stored else None
        if stored is None or descriptor is None:
            raise RefusedError(HTTPStatus.CONFLICT, "not whole here, or too much is leased already")
        connection.leased = stored
        self.hits += 1
        try:
            connection.hand_over(descriptor, granted())
        finally:
            os.close(descriptor)

    def _version(self, target: bytes) -> Version:
        version = self._versions.get(target)
        if version is None:
            path, version = parse_target(target)
            if version is None:
                return self._directory.known_version(path)
            if len(self._versions) >= _MOST_TARGETS:
                self._versions.clear()
            self._versions[target] = version
        return version

    def _send(self, connection: Connection) -> bool:
        """Return True when the kernel has the whole answer; else the connection waits for room, block or turn."""
        budget = _QUANTUM
        stored = connection.stored
        while connection.unsent:
            ready = connection.offset
            if stored is not None and connection.offset < connection.end:
                if stored.missing:
                    self._schedule.want(stored, connection.offset, connection.end)
                ready = stored.present_from(connection.offset, connection.end)
                if ready == connection.offset:
                    self._wait(connection, stored)
                    return False
            budget -= connection.push(min(ready, connection.offset + budget))
            if connection.unsent and (connection.full or budget <= 0):
                connection.watch(select.EPOLLOUT)
                return False
        connection.watch(select.EPOLLIN)
        return True

    def _wait(self, connection: Connection, stored: StoredObject) -> None:
        block = connection.offset // stored.block_bytes
        connection.waiting = (stored, block)
        connection.watch(select.EPOLLRDHUP)  # only to learn that the reader has gone
        self._waiting.setdefault(connection.waiting, []).append(connection)

    def _finish(self, connection: Connection) -> None:
        if connection.stored is not None:
            connection.stored.readers.discard(connection)
            connection.stored = None

    def _lose(self, connection: Connection, error: OSError) -> None:
        if not isinstance(error, ConnectionResetError | BrokenPipeError | TimeoutError):
            _log.warning("a reader's connection is given up: %s", error)
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._finish(connection)
        if connection.leased is not None:
            self._store.end_lease(connection.leased)
            connection.leased = None
        if connection.waiting is not None:
            readers = self._waiting[connection.waiting]
            readers.remove(connection)
            if not readers:
                del self._waiting[connection.waiting]
        if self._connections.pop(connection.descriptor, None) is not None:
            connection.socket.close()
