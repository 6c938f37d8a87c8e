"""One reader's connection: what it has sent, what it is owed, and what the kernel is asked to watch."""

from __future__ import annotations

import os
import select
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_impl.cache.http_request import HEAD_END, LONGEST_HEAD, RefusedError

if TYPE_CHECKING:
    from reference_impl.cache.objects import StoredObject

_UNACKNOWLEDGED_MILLISECONDS = 30_000  # a reader that vanished is noticed by the kernel
_READ_BYTES = 4096  # most requests are far shorter
_UNIX_SEND_BYTES = 1 << 20  # page references in flight; the usual size makes a unix socket three times slower


class Connection:
    """Belongs to the thread that serves."""

    __slots__ = (
        "_head",
        "_inbox",
        "_poll",
        "_watched",
        "begun",
        "close_after",
        "descriptor",
        "end",
        "full",
        "leased",
        "offset",
        "socket",
        "stored",
        "waiting",
    )

    def __init__(self, accepted: socket.socket, poll: select.epoll) -> None:
        accepted.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self.socket = accepted
        if self.is_local:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNIX_SEND_BYTES)
        else:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLISECONDS)
        self.descriptor = accepted.fileno()
        self.stored: StoredObject | None = None  # whose bytes are being sent
        self.offset = self.end = 0  # bytes of it that are still owed
        self.waiting: tuple[StoredObject, int] | None = None  # the block without which nothing can be sent
        self.leased: StoredObject | None = None  # of which the client has a descriptor
        self.begun = False  # whether the answer's head has left
        self.full = False  # whether the kernel took less than it was given
        self.close_after = False
        self._head = b""
        self._inbox = b""
        self._watched = select.EPOLLIN
        self._poll = poll
        poll.register(accepted, select.EPOLLIN)

    @property
    def is_local(self) -> bool:
        """Whether the client is on this node."""
        return self.socket.family == socket.AF_UNIX

    @property
    def unsent(self) -> bool:
        """Whether anything is still owed to the reader."""
        return self.offset < self.end or bool(self._head)

    def watch(self, events: int) -> None:
        """Be told about these events only."""
        if self._watched != events:
            self._poll.modify(self.descriptor, events)
            self._watched = events

    def receive(self, events: int) -> bool:
        """Take in what has arrived; False when the reader has gone."""
        if events & select.EPOLLIN:
            try:
                data = self.socket.recv(_READ_BYTES)
            except BlockingIOError:
                return True
            self._inbox += data
            return bool(data)
        return not events & select.EPOLLRDHUP

    def whole_message(self) -> bytes:
        """Return what has arrived, where nothing is owed that would have to go before an answer to it."""
        return b"" if self.offset < self.end or self._head else self._inbox

    def answered(self, stored: StoredObject, first: int, end: int, message: bytes) -> bool:
        """Give the kernel the whole answer to all that has arrived; what it does not take is owed: False then."""
        self._inbox = b""
        try:
            sent = self.socket.send(message)
        except BlockingIOError:
            sent = 0
        if sent == len(message):
            return True
        head = len(message) - (end - first)
        self.begin(stored, first + max(0, sent - head), end, message[sent:head])
        self.begun = sent > 0
        return False

    def next_head(self) -> bytes | None:
        """Return the next request's head with its last line end; None until it is complete."""
        end = self._inbox.find(HEAD_END)
        if end < 0:
            if len(self._inbox) > LONGEST_HEAD:
                raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request is too long")
            return None
        head = self._inbox[: end + 2]
        self._inbox = self._inbox[end + len(HEAD_END) :]
        return head

    def begin(self, stored: StoredObject, first: int, end: int, head: bytes) -> None:
        """Owe the reader a head and a range of an object."""
        stored.readers.add(self)
        self.stored, self.offset, self.end = stored, first, end
        self._head, self.begun = head, False

    def answer(self, message: bytes) -> None:
        """Owe the reader this message and nothing else."""
        self.offset = self.end = 0
        self._head, self.begun = message, False

    def hand_over(self, descriptor: int, message: bytes) -> None:
        """Give the client a descriptor of its own along with a message."""
        socket.send_fds(self.socket, [message], [descriptor])

    def push(self, ready: int) -> int:
        """Give the kernel the head, then the object's bytes up to `ready`; the bytes of the object taken."""
        self.full = False
        try:
            if self._head:
                sent = self.socket.send(self._head, socket.MSG_MORE if self.offset < self.end else 0)
                self._head = self._head[sent:]
                self.begun = True
                self.full = bool(self._head)
            if self.full or self.stored is None or self.offset == ready:
                return 0
            sent = os.sendfile(self.descriptor, self.stored.descriptor, self.offset, ready - self.offset)
        except BlockingIOError:
            self.full = True
            return 0
        if not sent:
            raise ConnectionAbortedError("the cached file is shorter than its block map says")
        self.offset += sent
        return sent
