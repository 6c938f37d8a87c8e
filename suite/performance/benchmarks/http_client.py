"""A client that reads ranges over kept connections: one thread, one buffer that is used again and again.

Rule: in a window, a word is compared with the content where each piece begins that is received into memory: all of
them, or, where only the server is measured, the first of each answer (the others are dropped uncopied, so that the
client is not the limit: by TCP itself, or as pages that a pipe carries to nowhere). A window ends when its time is
over, and what is still under way then is waited for, untimed. A reading of the whole object compares every byte.
"""

import fcntl
import math
import os
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fixtures.stores import Address
from suite.errors import WaitFailed
from suite.performance.benchmarks.content import BUFFER_BYTES, WORD, Content, page_aligned
from suite.performance.benchmarks.processors import Spent, spent_by, spent_here

SILENCE_SECONDS = 10.0
MOST_DROPPED = 1 << 20  # bytes at once; the largest pipe that everybody may have
HEAD_END = b"\r\n\r\n"
STATUS = slice(9, 12)

Where = Address | Path
"""TCP, or a unix socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What came in one window."""

    bytes: int
    answers: int
    seconds: float
    client: Spent  # of the client's own time
    server: Spent
    wrong: str  # the first wrong piece, "" when all were right


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    offset: int = 0
    left: int = 0
    in_head: bool = True


@dataclass(slots=True)
class _Tally:
    ends: float
    offsets: Callable[[], int]
    drop: bool = False  # nothing is copied but where an answer begins
    thorough: bool = False  # every byte is compared
    again: bool = True  # a connection whose range is complete asks for the next one
    bytes: int = 0
    answers: int = 0
    busy: int = 0
    wrong: str = ""
    over: tuple[float, Spent, Spent] | None = None  # the clocks at the window's end


class HttpClient:
    """Reads one target of one server whose process is `pid`."""

    def __init__(self, where: Where, *, target: str, content: Content, pid: int, connections: int) -> None:
        self._request = f"GET {target} HTTP/1.1\r\nHost: worker\r\nRange: bytes=%d-%d\r\n\r\n".encode()
        self._content, self._pid, self._where = content, pid, where
        self._buffer = page_aligned(MOST_DROPPED)
        self._view = memoryview(self._buffer)
        self._nowhere = _Nowhere() if isinstance(where, Path) else None
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        for _ in range(connections):
            opened = _connect(where)
            self._connections[opened.fileno()] = _Connection(opened)
            self._poll.register(opened, select.EPOLLIN)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.socket.close()
        self._poll.close()
        if self._nowhere is not None:
            self._nowhere.close()

    def window(self, seconds: float, *, length: int, offsets: Callable[[], int], drop: bool = False) -> Traffic:
        """Read ranges of `length` bytes on all connections, one after the other on each, for about that long."""
        return self._timed(_Tally(ends=time.perf_counter() + seconds, offsets=offsets, drop=drop), length)

    def whole(self) -> Traffic:
        """Read the whole object on each connection, once, and compare every byte."""
        return self._timed(_Tally(ends=math.inf, offsets=int, thorough=True, again=False), self._content.size)

    def _timed(self, tally: _Tally, length: int) -> Traffic:
        before = self._clocks()
        self._exchange(tally, length)
        after = tally.over or self._clocks()
        return Traffic(
            bytes=tally.bytes,
            answers=tally.answers,
            seconds=after[0] - before[0],
            client=after[1].since(before[1]),
            server=after[2].since(before[2]),
            wrong=tally.wrong,
        )

    def _clocks(self) -> tuple[float, Spent, Spent]:
        return time.perf_counter(), spent_here(), spent_by(self._pid)

    def _exchange(self, tally: _Tally, length: int) -> None:
        connections = self._connections
        for connection in connections.values():
            self._ask(connection, tally.offsets(), length)
        tally.busy = len(connections)
        while tally.busy:
            ready = self._poll.poll(SILENCE_SECONDS)
            if not ready:
                raise WaitFailed(f"{self._where} sent no byte for {SILENCE_SECONDS:.0f} s, {tally.busy} ranges missing")
            for descriptor, _ in ready:
                connection = connections[descriptor]
                count = self._receive(connection, tally)
                if tally.over is None:
                    tally.bytes += count
                    tally.answers += not connection.left
                    if time.perf_counter() >= tally.ends:
                        tally.over = self._clocks()
                if not connection.left:
                    if tally.again and tally.over is None:
                        self._ask(connection, tally.offsets(), length)
                    else:
                        tally.busy -= 1

    def _ask(self, connection: _Connection, offset: int, length: int) -> None:
        connection.offset, connection.left, connection.in_head = offset, length, True
        connection.socket.send(self._request % (offset, offset + length - 1))

    def _receive(self, connection: _Connection, tally: _Tally) -> int:
        """Take in a piece; return how many bytes of the body it had."""
        if tally.drop and not connection.in_head:
            return self._took(connection, self._dropped(connection.socket, connection.left))
        buffer, start = self._buffer, 0
        room = BUFFER_BYTES if connection.in_head else min(connection.left, BUFFER_BYTES)
        count = connection.socket.recv_into(self._view, room)
        if count and connection.in_head:
            start = buffer.find(HEAD_END, 0, count) + len(HEAD_END)
            if buffer[STATUS] != b"206" or start < len(HEAD_END):
                raise WaitFailed(
                    f"{self._where} answered {bytes(buffer[: min(count, 200)])!r}, expected 206 and a range"
                )
            count -= start
            connection.in_head = False
        compared = count if tally.thorough else min(count, WORD)
        if self._content.differs(buffer, start, compared, connection.offset):
            tally.wrong = tally.wrong or self._content.wrong(buffer, start, compared, connection.offset)
        return self._took(connection, count, start)

    def _took(self, connection: _Connection, count: int, head: int = 0) -> int:
        if not head + count:
            raise WaitFailed(f"{self._where} closed a connection with {connection.left} bytes missing")
        connection.offset += count
        connection.left -= count
        return count

    def _dropped(self, opened: socket.socket, most: int) -> int:
        """Let the kernel drop what has come; return how many bytes that were."""
        if self._nowhere is None:
            return opened.recv_into(self._view, min(most, MOST_DROPPED), socket.MSG_TRUNC)
        return self._nowhere.carry(opened.fileno(), most)


class _Nowhere:
    """Takes the pages out of a unix socket, which cannot drop them by itself."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        fcntl.fcntl(self._in, fcntl.F_SETPIPE_SZ, MOST_DROPPED)
        self._end = os.open(os.devnull, os.O_WRONLY)

    def close(self) -> None:
        for descriptor in (self._out, self._in, self._end):
            os.close(descriptor)

    def carry(self, source: int, most: int) -> int:
        count = left = os.splice(source, self._in, min(most, MOST_DROPPED), flags=os.SPLICE_F_MOVE)
        while left:
            left -= os.splice(self._out, self._end, left)
        return count


def _connect(where: Where) -> socket.socket:
    if isinstance(where, Path):
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        opened.settimeout(SILENCE_SECONDS)
        opened.connect(str(where))
    else:
        opened = socket.create_connection((where.host, where.port), timeout=SILENCE_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return opened
