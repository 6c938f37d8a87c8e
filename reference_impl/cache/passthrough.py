"""Whole files beside us: the kernel reads them in our stead (passthrough), or where it does not, we read them.

Rule: only a whole object is read so, and whoever keeps it is held to it until the last reader has closed:
a worker by the connection over which its descriptor came, so that a client that dies lets go as well.

Source: FUSE_DEV_IOC_BACKING_OPEN and _CLOSE in include/uapi/linux/fuse.h. Needs CAP_SYS_ADMIN outside of all user
namespaces; where that is refused, reads come to us, and we answer from the same file, copied once.
"""

from __future__ import annotations

import ctypes
import fcntl
import logging
import mmap
import os
import socket
import struct
from typing import TYPE_CHECKING, Protocol

from reference_impl.cache.nodes import Transport
from reference_impl.cache.wire import connect_beside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference_impl.cache.nodes import Node

_BACKING_OPEN = ctypes.c_ulong(0x4010E501)
_BACKING_CLOSE = 0x4004E502
_MAP = struct.Struct("=iIQ")  # descriptor flags padding
_GRANTED = b"HTTP/1.1 200 "
_ANSWER_BYTES = 4096
_log = logging.getLogger(__name__)


class Whole(Protocol):
    """A complete local file with an object's bytes, and what keeps it so."""

    descriptor: int  # open for reading
    is_copy: bool  # of the client's own; else the worker's

    def close(self) -> None:
        """Let go of it."""


class Lease:
    """A descriptor of a worker's object, which the worker keeps until close()."""

    is_copy = False

    def __init__(self, descriptor: int, connection: socket.socket) -> None:
        self.descriptor = descriptor
        self._connection = connection

    def close(self) -> None:
        """Let the worker do with its object what it likes."""
        os.close(self.descriptor)
        self._connection.close()


def lease(path: Path, target: bytes, size: int) -> Lease | None:
    """Ask the worker behind a unix socket for a version of `size` bytes; None where it does not have all of it."""
    connection = connect_beside(path)
    if connection is None:
        return None
    descriptors: list[int] = []
    try:
        connection.sendall(b"LEASE %s HTTP/1.1\r\nHost: w\r\n\r\n" % target)
        answer, descriptors, _, _ = socket.recv_fds(connection, _ANSWER_BYTES, 1, socket.MSG_CMSG_CLOEXEC)
        # A file of another size would show bytes that nobody knows.
        if answer.startswith(_GRANTED) and descriptors and os.fstat(descriptors[0]).st_size == size:
            return Lease(descriptors[0], connection)
    except OSError as error:
        _log.warning("asking %s for a whole object: %s", path.name, error)
    for descriptor in descriptors:
        os.close(descriptor)
    connection.close()
    return None


class Backing:
    """A whole file that the kernel reads in our stead; close() after the last release of the file before it."""

    def __init__(self, device: int, whole: Whole) -> None:
        self._device = device
        self._whole = whole
        self.transport = Transport.PASSTHROUGH_COPY if whole.is_copy else Transport.PASSTHROUGH
        self.number = _call_backing_open(device, whole.descriptor)

    def close(self) -> None:
        """Tell the kernel, then whoever keeps the file."""
        fcntl.ioctl(self._device, _BACKING_CLOSE, struct.pack("=I", self.number))
        self._whole.close()


class Mapped:
    """A whole file that we read where the kernel does not; close() after the last release of the file before it."""

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self.transport = Transport.COPY if whole.is_copy else Transport.FILE
        # It goes with the last reference: of an answer that is being written, for example.
        self.bytes = memoryview(mmap.mmap(whole.descriptor, 0, prot=mmap.PROT_READ))

    def close(self) -> None:
        """Tell whoever keeps the file."""
        self._whole.close()


class Backings:
    """Makes the most of whole files for one mount."""

    def __init__(self, device: int, *, agreed: bool, wanted: bool, find: Callable[[Node], Whole | None]) -> None:
        self._device = device
        self._find = find
        self._refused = "" if agreed else "the kernel has no such thing"
        self._refused = self._refused if wanted else "switched off"
        if self._refused:
            self._tell()

    def make(self, node: Node) -> Backing | Mapped | None:
        """Return how a file is read whose object is whole here; None where it is not."""
        whole = self._find(node)
        if whole is None:
            return None
        if not self._refused:
            try:
                return Backing(self._device, whole)
            except OSError as error:
                self._refused = error.strerror or str(error)
                self._tell()
        return self._mapped(whole)

    def _mapped(self, whole: Whole) -> Mapped | None:
        try:
            return Mapped(whole)
        except OSError as error:
            whole.close()
            _log.warning("a whole object cannot be mapped (%s): it is asked for piece by piece", error)
            return None

    def _tell(self) -> None:
        _log.warning("no kernel passthrough (%s): reads are direct I/O", self._refused)


def _call_backing_open(device: int, descriptor: int) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    number: int = library.ioctl(device, _BACKING_OPEN, _MAP.pack(descriptor, 0, 0))
    if number < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return number
