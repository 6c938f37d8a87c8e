"""The threads that take requests from /dev/fuse and write the answers back.

Rule: there is always a thread that waits for the next request, up to a limit, so that `ls` answers while cold
reads wait for their origin. Each thread has a clone of the device. The kernel gives requests to threads in turn, so
what they need for one (buffer and connections) is not theirs: the next request gets what was used last, which is
still in the processor's cache.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
import time
from typing import TYPE_CHECKING

from reference_impl.cache import fuse_protocol as fuse
from reference_impl.cache.errors import UserError
from reference_impl.cache.filesystem import FileSystem, Request, Session, Shared, new_watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_impl.cache.wire import Watch

_MOST_THREADS = 32
_NO_REPLY = frozenset({fuse.Opcode.FORGET, fuse.Opcode.BATCH_FORGET})
# The request was withdrawn before it was read, or a signal came.
_TRY_AGAIN = frozenset({errno.ENOENT, errno.EINTR, errno.EAGAIN})
_UNMOUNTED = frozenset({errno.ENODEV, errno.EBADF})


def handshake(device: int) -> fuse.InitFlag:
    """Answer the kernel's first request and return what was agreed; UserError when the kernel is too old."""
    buffer = memoryview(bytearray(fuse.REQUEST_BYTES))
    while True:
        length = os.readv(device, [buffer])
        _, opcode, unique, *_ = fuse.IN_HEAD.unpack_from(buffer)
        payload = buffer[fuse.IN_HEAD.size : length]
        if opcode != fuse.Opcode.INIT:
            raise UserError(f"/dev/fuse: the kernel began with request {opcode} instead of INIT")
        major, minor = fuse.init_minor(payload)
        if major == fuse.MAJOR and minor >= fuse.OLDEST_MINOR:
            _write(device, unique, fuse.init_reply(payload))
            return fuse.init_agreement(payload)
        if major > fuse.MAJOR:
            _write(device, unique, struct.pack("=II", fuse.MAJOR, fuse.MINOR))  # the kernel asks again
            continue
        raise UserError(
            f"/dev/fuse: the kernel speaks FUSE {major}.{minor}, at least {fuse.MAJOR}.{fuse.OLDEST_MINOR} "
            "is needed (Linux 5.4)"
        )


class FuseThreads:
    """All threads of one mount. The owner calls start() once and join() at the end."""

    def __init__(self, device: int, shared: Shared, ended: Callable[[], None], *, agreed: fuse.InitFlag) -> None:
        self._device = device
        self._shared = shared
        self._ended = ended
        self._file_system = FileSystem(shared, device, agreed)
        self._watches: dict[int, Watch] = {}  # of the requests being answered
        self._lock = threading.Lock()
        self._idle = 0
        self._threads: list[threading.Thread] = []
        self._sessions: list[Session] = []  # those that no request uses now

    def start(self) -> None:
        """Begin with one thread; more follow with the load."""
        with self._lock:
            self._add()

    def join(self, seconds: float) -> None:
        """Wait for the threads after the unmount; one that still waits for a worker ends with the process."""
        deadline = time.monotonic() + seconds
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))
        for session in self._sessions:
            session.close()

    def _add(self) -> None:
        self._idle += 1
        thread = threading.Thread(target=self._run, name=f"fuse-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(device, fuse.CLONE_IOCTL, struct.pack("=I", self._device))
            self._serve(device)
        except OSError as error:
            if error.errno not in _UNMOUNTED:
                raise
        finally:
            os.close(device)
        self._ended()

    def _serve(self, device: int) -> None:
        buffer = memoryview(bytearray(fuse.REQUEST_BYTES))
        unpack = fuse.IN_HEAD.unpack_from
        while True:
            try:
                length = os.readv(device, [buffer])
            except OSError as error:
                if error.errno in _TRY_AGAIN:
                    continue
                raise
            _, opcode, unique, node, *_ = unpack(buffer)
            payload = buffer[fuse.IN_HEAD.size : length]
            if opcode == fuse.Opcode.INTERRUPT:
                self._interrupt(device, unique, payload)
                continue
            with self._lock:
                self._idle -= 1
                if not self._idle and len(self._threads) < _MOST_THREADS:
                    self._add()
                session = self._sessions.pop() if self._sessions else Session(self._shared)
            watch = self._watches[unique] = new_watch()
            request = Request(opcode=opcode, node=node, payload=payload, watch=watch, session=session)
            self._answer(device, unique, request)
            del self._watches[unique]
            with self._lock:
                self._sessions.append(session)
                self._idle += 1

    def _answer(self, device: int, unique: int, request: Request) -> None:
        try:
            payload = self._file_system.answer(request)
        except OSError as error:
            if request.opcode not in _NO_REPLY:
                _write(device, unique, b"", error.errno or errno.EIO)
            return
        if request.opcode not in _NO_REPLY:
            _write(device, unique, payload)

    def _interrupt(self, device: int, unique: int, payload: memoryview) -> None:
        watch = self._watches.get(fuse.INTERRUPT_IN.unpack_from(payload)[0])
        if watch is not None:
            watch.interrupted = True
        else:
            # Answered already, and then the kernel ignores this; or not begun, and then it says it again.
            _write(device, unique, b"", errno.EAGAIN)


def _write(device: int, unique: int, payload: bytes | memoryview, error: int = 0) -> None:
    head = fuse.OUT_HEAD.pack(fuse.OUT_HEAD.size + len(payload), -error, unique)
    try:
        os.writev(device, [head, payload])
    except OSError as failure:
        if failure.errno != errno.ENOENT:  # nobody waits for this answer any more
            raise
