"""The client's side of the worker's HTTP: one kept connection, one reused buffer, no copies.

Rule: no call outlasts its watch. Once a second a call that makes no progress looks at its watch, which knows
the deadline and whether the reader has gone.
"""

from __future__ import annotations

import errno
import re
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TICK_SECONDS = 1
_TICK = struct.pack("@ll", _TICK_SECONDS, 0)  # a struct timeval
_HEAD_ROOM = 8192  # bytes of a buffer beyond the body
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ ]*(\d+)", re.IGNORECASE)
_STATUS_AT = slice(9, 12)


class WorkerUnreachableError(Exception):
    """The worker is down, gone in mid-answer, or silent for too long: another one may be asked."""


class InterruptedReadError(Exception):
    """Whoever asked has been killed, or has a signal to handle."""


@dataclass(slots=True)
class Watch:
    """How long a call may take. `interrupted` may be set from another thread."""

    deadline: float  # monotonic seconds
    started: float = 0.0
    interrupted: bool = False

    def check(self) -> None:
        """Raise when it is time to give up.

        A signal in the first second is not heeded: many programs get harmless ones and don't expect EINTR
        from a read of a file.
        """
        now = time.monotonic()
        if self.interrupted and now - self.started >= _TICK_SECONDS:
            raise InterruptedReadError
        if now >= self.deadline:
            raise WorkerUnreachableError("no answer in time")


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; the body is valid until the next call on the same connection."""

    status: int
    body: memoryview
    beside: bool  # whether it came over the unix socket of a worker on this node


class Buffer:
    """Where answers are received; one for all connections of a thread. Grows for long listings only."""

    def __init__(self, body_bytes: int) -> None:
        self.view = memoryview(bytearray(body_bytes + _HEAD_ROOM))

    def grow(self, size: int, filled: int) -> None:
        """Make room for `size` bytes, of which the first `filled` are kept."""
        larger = memoryview(bytearray(size))
        larger[:filled] = self.view[:filled]
        self.view = larger


class WorkerConnection:
    """A connection to one port of one worker; used by one thread at a time."""

    def __init__(self, host: str, port: int, buffer: Buffer, *, beside: Path | None = None) -> None:
        self._place = (host, port)
        self._beside = beside  # where the worker's unix socket is when it runs on this node
        self._buffer = buffer
        self._socket: socket.socket | None = None

    def get(self, target: bytes, watch: Watch, span: tuple[int, int] | None = None) -> Response:
        """GET a target, or bytes first to end (exclusive) of it."""
        request = b"GET %s HTTP/1.1\r\nHost: w\r\n" % target
        request += b"Range: bytes=%d-%d\r\n\r\n" % (span[0], span[1] - 1) if span else b"\r\n"
        try:
            if self._socket is not None:
                try:
                    return self._exchange(self._socket, request, watch)
                except ConnectionError:
                    self.close()  # it was kept too long, or the worker was started anew: once more
            self._socket = self._connect(watch)
            return self._exchange(self._socket, request, watch)
        except (OSError, WorkerUnreachableError) as error:
            self.close()
            host, port = self._place
            raise WorkerUnreachableError(f"worker {host}:{port}: {error}") from None
        except InterruptedReadError:
            self.close()
            raise

    def close(self) -> None:
        """Forget the connection; the next call makes a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self, watch: Watch) -> socket.socket:
        watch.check()
        connected = connect_beside(self._beside)
        if connected is None:
            connected = socket.create_connection(self._place, timeout=_TICK_SECONDS)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Python's own time-outs would poll before every call; the kernel's do not.
        connected.settimeout(None)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TICK)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TICK)
        return connected

    def _exchange(self, connected: socket.socket, request: bytes, watch: Watch) -> Response:
        connected.sendall(request)
        view, filled, body_at = self._buffer.view, 0, -1
        while body_at < 0:
            if filled >= _HEAD_ROOM:
                raise ConnectionAbortedError(errno.EPROTO, "its answer is not ours")
            filled += _receive(connected, view[filled:], watch)
            found = bytes(view[: min(filled, _HEAD_ROOM)]).find(_HEAD_END)
            body_at = found + len(_HEAD_END) if found >= 0 else -1
        head = bytes(view[:body_at])
        length = _LENGTH.search(head)
        if length is None:
            raise ConnectionAbortedError(errno.EPROTO, "its answer has no length")
        end = body_at + int(length[1])
        if end > len(view):
            self._buffer.grow(end, filled)
            view = self._buffer.view
        while filled < end:
            filled += _receive(connected, view[filled:end], watch, socket.MSG_WAITALL)
        return Response(int(head[_STATUS_AT]), view[body_at:end], connected.family == socket.AF_UNIX)


def connect_beside(path: Path | None) -> socket.socket | None:
    """Connect to a worker's unix socket; None where it has none here, or a dead one, or one that is not for us."""
    if path is None:
        return None
    connected = socket.socket(socket.AF_UNIX)
    connected.settimeout(_TICK_SECONDS)
    try:
        connected.connect(str(path))
    except OSError:
        connected.close()
        return None
    return connected


def _receive(connected: socket.socket, room: memoryview, watch: Watch, flags: int = 0) -> int:
    while True:
        try:
            count = connected.recv_into(room, 0, flags)
        except BlockingIOError:
            watch.check()  # a second has passed without a byte
            continue
        if not count:
            raise ConnectionResetError(errno.ECONNRESET, "closed the connection in mid-answer")
        return count
