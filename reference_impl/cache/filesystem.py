"""The file system: what the kernel asks, answered from the workers. Read-only, nothing cached by us.

Rule: an error that a reader gets is one line in the log with path, offset and reason, and the errno says what
kind it is: ENOENT no such name, EACCES the origin refuses, ESTALE replaced while open, EIO everything else.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reference_impl.cache import fuse_protocol as fuse
from reference_impl.cache.copies import Copies
from reference_impl.cache.http_target import version_target
from reference_impl.cache.nodes import ROOT, Node, Nodes, Transport
from reference_impl.cache.open_files import OpenFiles
from reference_impl.cache.passthrough import Backings, Whole, lease
from reference_impl.cache.placement import workers_in_order
from reference_impl.cache.unix_socket import socket_path
from reference_impl.cache.wire import Buffer, InterruptedReadError, Watch, WorkerUnreachableError
from reference_impl.cache.workers import Port, WorkerHealth

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_impl.cache.config import RuntimeConfig

# How the bytes of a file got to its readers, as Transport spells it; not there before anything was read.
TRANSPORT_ATTRIBUTE = b"user.fluid.transport"
_log = logging.getLogger(__name__)

_VALID_SECONDS = 1  # how long the kernel may believe names and attributes
_METADATA_SECONDS = 30.0
_READ_SECONDS = 60.0  # several workers may have to be asked, each waits for its origin
_TOTALS_SECONDS = 1.0
_ERRNOS: dict[int, int] = {
    HTTPStatus.FORBIDDEN: errno.EACCES,
    HTTPStatus.NOT_FOUND: errno.ESTALE,
    HTTPStatus.PRECONDITION_FAILED: errno.ESTALE,
}


class Session:
    """What one request needs to ask workers: a buffer, and connections of its own."""

    def __init__(self, shared: Shared) -> None:
        buffer = Buffer(fuse.LARGEST_READ)
        workers = shared.config.workers
        self.data = Port(
            workers.data_port,
            buffer=buffer,
            health=shared.data_health,
            stopping=shared.stopping,
            patient=False,
            sockets=shared.config.socket_directory,
        )
        self.metadata = Port(
            workers.control_port,
            buffer=buffer,
            health=shared.metadata_health,
            stopping=shared.stopping,
            patient=True,
        )

    def close(self) -> None:
        """Close all connections."""
        self.data.close()
        self.metadata.close()


class Shared:
    """What all sessions of a client share."""

    def __init__(self, config: RuntimeConfig) -> None:
        self.config = config
        self.copies = Copies(config.copies_directory, config.copy_bytes) if config.copies_directory else None
        self.stopping = threading.Event()
        self.data_health = WorkerHealth()
        self.metadata_health = WorkerHealth()
        # All names come from one worker while it lives, so that what a client sees never goes back in time.
        self.metadata_hosts = workers_in_order(config.workers.hosts, "/", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of the kernel."""

    opcode: int
    node: int
    payload: memoryview
    watch: Watch
    session: Session  # nobody else's for as long


class FileSystem:
    """Answers requests; thread-safe, each request with a session of its own."""

    def __init__(self, shared: Shared, device: int, agreed: fuse.InitFlag) -> None:
        self._shared = shared
        self._nodes = Nodes()
        passes = bool(agreed & fuse.InitFlag.PASSTHROUGH)
        backings = Backings(device, agreed=passes, wanted=shared.config.passthrough, find=self._whole)
        self._open_files = OpenFiles(backings, shared.copies)
        self._directories: dict[int, list[Node]] = {}  # by handle: one moment for the whole of an `ls`
        self._handles = iter(range(1, 1 << 62))
        self._replaced: set[str] = set()  # paths whose last listing is known to be out of date
        self._answers: dict[int, Callable[[Request], bytes | memoryview]] = {
            fuse.Opcode.LOOKUP: self._lookup,
            fuse.Opcode.FORGET: self._forget,
            fuse.Opcode.BATCH_FORGET: self._forget_many,
            fuse.Opcode.GETATTR: self._getattr,
            fuse.Opcode.OPEN: self._open,
            fuse.Opcode.READ: self._read,
            fuse.Opcode.RELEASE: self._release,
            fuse.Opcode.GETXATTR: self._getxattr,
            fuse.Opcode.OPENDIR: self._opendir,
            fuse.Opcode.READDIR: self._readdir,
            fuse.Opcode.READDIRPLUS: self._readdirplus,
            fuse.Opcode.RELEASEDIR: self._releasedir,
            fuse.Opcode.STATFS: self._statfs,
        }

    def answer(self, request: Request) -> bytes | memoryview:
        """Return the answer's payload, valid until the session's next; OSError with the errno to give."""
        method = self._answers.get(request.opcode)
        if method is None:
            raise OSError(errno.ENOSYS, "not needed by a read-only file system")
        try:
            return method(request)
        except InterruptedReadError:
            raise OSError(errno.EINTR, "the reader has gone") from None

    def _lookup(self, request: Request) -> bytes:
        parent = self._node(request.node)
        name = os.fsdecode(bytes(request.payload).rstrip(b"\0"))
        path = f"{parent.path.rstrip('/')}/{name}"
        newest = path in self._replaced
        found = self._ask_metadata("stat", path, request, newest=newest)
        self._replaced.discard(path)
        return self._entry(_node(path, found))

    def _forget(self, request: Request) -> bytes:
        self._nodes.forget(request.node, fuse.FORGET_IN.unpack_from(request.payload)[0])
        return b""

    def _forget_many(self, request: Request) -> bytes:
        count, _ = fuse.BATCH_FORGET_IN.unpack_from(request.payload)
        for index in range(count):
            at = fuse.BATCH_FORGET_IN.size + index * fuse.FORGET_ONE.size
            self._nodes.forget(*fuse.FORGET_ONE.unpack_from(request.payload, at))
        return b""

    def _getattr(self, request: Request) -> bytes:
        return fuse.attributes_reply(_attributes(self._node(request.node)), _VALID_SECONDS)

    def _open(self, request: Request) -> bytes:
        return self._open_files.open(request.node, self._node(request.node))

    def _release(self, request: Request) -> bytes:
        self._open_files.release(request.node)
        return b""

    def _whole(self, node: Node) -> Whole | None:
        """Return the whole object: of a worker on this node, or the client's own copy."""
        leased = self._leased(node)
        return self._shared.copies.whole(node) if leased is None and self._shared.copies else leased

    def _leased(self, node: Node) -> Whole | None:
        config = self._shared.config
        # A larger object lies on several workers, none of which has all of it.
        if config.socket_directory is None or not 0 < node.size <= config.stripe_bytes:
            return None
        owner = self._shared.data_health.in_order(self._hosts(node, 0))[0]
        return lease(socket_path(config.socket_directory, owner), node.request, node.size)

    def _read(self, request: Request) -> bytes | memoryview:
        node = self._node(request.node)
        _, offset, size = fuse.READ_IN.unpack_from(request.payload)
        end = min(offset + size, node.size)
        if offset >= end:
            return b""
        here = self._open_files.piece(request.node, offset, end)
        if here is not None:
            return here
        stripe_bytes = self._shared.config.stripe_bytes
        stripe_end = (offset // stripe_bytes + 1) * stripe_bytes
        if end <= stripe_end:
            piece = self._read_stripe(node, offset, end, request)
            self._open_files.keep(request.node, offset, piece)
            return piece
        head = bytes(self._read_stripe(node, offset, stripe_end, request))
        both = head + bytes(self._read_stripe(node, stripe_end, end, request))
        self._open_files.keep(request.node, offset, memoryview(both))
        return both

    def _read_stripe(self, node: Node, first: int, end: int, request: Request) -> memoryview:
        stripe = first // self._shared.config.stripe_bytes
        hosts = self._hosts(node, stripe)
        request.watch.deadline = request.watch.started + _READ_SECONDS
        try:
            response = request.session.data.get(hosts, node.request, request.watch, (first, end))
        except WorkerUnreachableError as error:
            raise _failed(errno.EIO, f"read {node.path} at {first}: {error}") from None
        node.transports.add(Transport.UNIX if response.beside else Transport.TCP)
        if response.status != HTTPStatus.PARTIAL_CONTENT or len(response.body) != end - first:
            if response.status in {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.NOT_FOUND}:
                self._replaced.add(node.path)
            reason = bytes(response.body[:300]).decode(errors="replace").strip()
            number = _ERRNOS.get(response.status, errno.EIO)
            raise _failed(number, f"read {node.path} at {first}: {response.status} {reason}")
        return response.body

    def _hosts(self, node: Node, stripe: int) -> tuple[str, ...]:
        """Return the workers to ask for a stripe, in order."""
        hosts = node.targets.get(stripe)
        if hosts is None:
            node.request = version_target(node.path, node.etag, node.size)
            hosts = node.targets[stripe] = workers_in_order(self._shared.config.workers.hosts, node.path, stripe)
        return hosts

    def _getxattr(self, request: Request) -> bytes:
        room, _ = fuse.GETXATTR_IN.unpack_from(request.payload)
        name = bytes(request.payload[fuse.GETXATTR_IN.size :]).rstrip(b"\0")
        transports = self._node(request.node).transports
        if name != TRANSPORT_ATTRIBUTE or not transports:
            raise OSError(errno.ENODATA, "no such attribute")
        return fuse.attribute_reply(",".join(sorted(transports)).encode(), room)

    def _opendir(self, request: Request) -> bytes:
        parent = self._node(request.node)
        found = self._ask_metadata("list", parent.path, request)
        handle = next(self._handles)
        self._directories[handle] = [
            _node(f"{parent.path.rstrip('/')}/{entry['name']}", entry) for entry in found["entries"]
        ]
        return fuse.open_reply(handle, 0)

    def _readdir(self, request: Request) -> bytes:
        return self._entries(request, plus=False)

    def _readdirplus(self, request: Request) -> bytes:
        return self._entries(request, plus=True)

    def _entries(self, request: Request, *, plus: bool) -> bytes:
        handle, offset, size = fuse.READ_IN.unpack_from(request.payload)
        nodes = self._directories[handle]
        packed = bytearray()
        for index in range(offset, len(nodes) + 2):
            # The first two are "." and "..", of which the kernel shall not remember anything.
            node = nodes[index - 2] if index >= 2 else None  # noqa: PLR2004 - see above
            name = os.fsencode(node.path.rpartition("/")[2]) if node else (b".", b"..")[index]
            entry = fuse.directory_entry(
                name,
                inode=node.inode if node else ROOT,
                next_offset=index + 1,
                is_directory=node.is_directory if node else True,
            )
            if len(packed) + len(entry) + (len(fuse.no_entry()) if plus else 0) > size:
                break
            if plus:
                packed += self._entry(node) if node else fuse.no_entry()
            packed += entry
        return bytes(packed)

    def _releasedir(self, request: Request) -> bytes:
        self._directories.pop(fuse.READ_IN.unpack_from(request.payload.tobytes() + bytes(8))[0], None)
        return b""

    def _statfs(self, request: Request) -> bytes:
        request.watch.deadline = request.watch.started + _TOTALS_SECONDS
        try:
            response = request.session.metadata.get(self._shared.metadata_hosts, b"/metadata/totals", request.watch)
            totals = json.loads(bytes(response.body))
        except (WorkerUnreachableError, ValueError):
            return fuse.statfs_reply(0, 0)  # `df` must not fail for one mount
        return fuse.statfs_reply(int(totals.get("bytes", 0)), int(totals.get("files", 0)))

    def _node(self, number: int) -> Node:
        node = self._nodes.get(number)
        if node is None:
            raise OSError(errno.ESTALE, f"node {number} was forgotten")
        return node

    def _entry(self, node: Node) -> bytes:
        return fuse.entry_reply(self._nodes.remember(node), _attributes(node), _VALID_SECONDS)

    def _ask_metadata(self, what: str, path: str, request: Request, *, newest: bool = False) -> dict[str, Any]:
        target = f"/metadata/{what}?path={quote(path, errors='surrogateescape')}{'&newest=1' if newest else ''}"
        request.watch.deadline = request.watch.started + _METADATA_SECONDS
        try:
            response = request.session.metadata.get(self._shared.metadata_hosts, target.encode(), request.watch)
        except WorkerUnreachableError as error:
            raise _failed(errno.EIO, f"{what} {path}: {error}") from None
        try:
            document: dict[str, Any] = json.loads(bytes(response.body))
        except ValueError:
            raise _failed(
                errno.EIO, f"{what} {path}: status {response.status}, no JSON: not a worker of ours"
            ) from None
        if response.status == HTTPStatus.OK:
            return document
        if response.status == HTTPStatus.NOT_FOUND:
            raise OSError(errno.ENOENT, path)
        number = errno.EACCES if response.status == HTTPStatus.FORBIDDEN else errno.EIO
        raise _failed(number, f"{what} {path}: {document.get('error', response.status)}")


def new_watch() -> Watch:
    """Make a watch for a request that has just arrived."""
    now = time.monotonic()
    return Watch(deadline=now + _METADATA_SECONDS, started=now)


def _node(path: str, entry: dict[str, Any]) -> Node:
    return Node(
        path=path,
        is_directory=entry["directory"],
        size=entry["size"],
        etag=entry["etag"],
        modified=entry["modified"],
    )


def _attributes(node: Node) -> fuse.Attributes:
    return fuse.Attributes(
        inode=node.inode,
        is_directory=node.is_directory,
        size=node.size,
        modified=node.modified,
        owner=os.getuid(),
        group=os.getgid(),
    )


def _failed(number: int, message: str) -> OSError:
    _log.warning("%s: %s", errno.errorcode[number], message)
    return OSError(number, message)
