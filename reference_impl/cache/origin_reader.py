"""Reading one block of an object from its origin into a file, over a connection that is kept.

Rule: bytes are accepted only from the version that was asked for (If-Match, checked again in the answer), and
what has arrived is never asked for twice: a retry continues where the last attempt broke off.
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from reference_impl.cache.errors import Cause, OriginError
from reference_impl.cache.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_impl.cache.origin import Address, Origin

_STALLED_SECONDS = 10.0  # without a byte
_ATTEMPTS = 5
_GIVE_UP_SECONDS = 15.0  # no new attempt after this long without progress
_PIECE = 1 << 20  # bytes: one buffer, reused; larger pieces leave the processor's cache


@dataclass(slots=True, kw_only=True)
class Transfer:
    """A range of an object on its way into a file; `done` grows as bytes land."""

    origin: Origin
    key: str
    etag: str
    object_size: int  # bytes
    descriptor: int  # the file, as large as the object
    offset: int  # bytes, in both
    length: int  # bytes
    done: int = 0  # bytes
    received: int = 0  # bytes, including what had to be thrown away
    addresses: list[Address] = field(default_factory=list)  # of the object: the last one signed


class _BrokenError(Exception):
    """This attempt failed in a way that another may not."""


class OriginReader:
    """One connection to whichever origin was read last. Used by one thread; close() may come from another."""

    def __init__(self, landed: Callable[[], None]) -> None:
        self._landed = landed  # called when a piece has landed
        self._connection: http.client.HTTPConnection | None = None
        self._place: tuple[bool, str, int] | None = None
        self._buffer = memoryview(bytearray(_PIECE))
        self._closed = False

    def close(self) -> None:
        """Break off whatever is going on."""
        self._closed = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                if error.errno not in {errno.ENOTCONN, errno.EBADF}:
                    raise

    def read(self, transfer: Transfer) -> None:
        """Bring the whole range into the file, or raise OriginError with the cause."""
        attempt, renewed = 1, False
        last_progress = time.monotonic()
        while transfer.done < transfer.length:
            before = transfer.done
            generation = -1
            try:
                address = self._address(transfer)
                generation = address.generation
                self._attempt(transfer, address)
            except (_BrokenError, http.client.HTTPException, OSError) as error:
                self._drop()
                if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                    raise OriginError(Cause.NO_SPACE, "the tier's directory is full") from None
                if transfer.done > before:
                    attempt, last_progress = 1, time.monotonic()
                tired = time.monotonic() - last_progress > _GIVE_UP_SECONDS
                if attempt == _ATTEMPTS or tired or self._closed:
                    reason = error if isinstance(error, _BrokenError) else type(error).__name__
                    raise OriginError(
                        Cause.UNAVAILABLE, f"{transfer.origin.description} does not answer ({reason})"
                    ) from None
                backoff(attempt)
                attempt += 1
            except OriginError as error:
                if error.cause is not Cause.DENIED or renewed or not transfer.origin.renew_credentials(generation):
                    raise
                renewed = True

    def _address(self, transfer: Transfer) -> Address:
        if not transfer.addresses or not transfer.origin.is_current(transfer.addresses[-1]):
            transfer.addresses[:] = [transfer.origin.address(transfer.key)]
        return transfer.addresses[-1]

    def _attempt(self, transfer: Transfer, address: Address) -> None:
        connection = self._connected(address)
        first = transfer.offset + transfer.done
        last = transfer.offset + transfer.length - 1
        connection.request(
            "GET",
            address.target,
            headers={
                "Range": f"bytes={first}-{last}",
                "If-Match": f'"{transfer.etag}"',
                "Accept-Encoding": "identity",
            },
        )
        response = connection.getresponse()
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            self._refused(transfer, response)
        _check_version(transfer, response, first)
        self._receive(transfer, response)

    def _receive(self, transfer: Transfer, response: http.client.HTTPResponse) -> None:
        while transfer.done < transfer.length:
            count = response.readinto(self._buffer[: min(_PIECE, transfer.length - transfer.done)])
            if not count:
                raise _BrokenError("the answer ended early")
            transfer.received += count
            written = os.pwrite(transfer.descriptor, self._buffer[:count], transfer.offset + transfer.done)
            if written != count:
                raise OSError(errno.ENOSPC, "short write into the tier")
            transfer.done += count
            self._landed()
        response.read()  # to the end of the message, so that the connection can be used again

    def _refused(self, transfer: Transfer, response: http.client.HTTPResponse) -> None:
        status = response.status
        response.read(1 << 16)
        if not response.isclosed():
            self._drop()
        where = transfer.origin.description
        if status in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}:
            raise OriginError(Cause.DENIED, f"{where} refuses the credentials ({status})")
        if status == HTTPStatus.NOT_FOUND:
            raise OriginError(Cause.MISSING, f"{where} no longer has the object ({status})")
        if status in {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}:
            raise OriginError(Cause.CHANGED, f"{where} has another version of the object ({status})")
        raise _BrokenError(f"status {status}")

    def _connected(self, address: Address) -> http.client.HTTPConnection:
        place = (address.secure, address.host, address.port)
        if self._connection is None or self._place != place:
            self._drop()
            kind = http.client.HTTPSConnection if address.secure else http.client.HTTPConnection
            self._connection = kind(address.host, address.port, timeout=_STALLED_SECONDS)
            self._place = place
        if self._closed:
            raise _BrokenError("the worker is stopping")
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _check_version(transfer: Transfer, response: http.client.HTTPResponse, first: int) -> None:
    # Not every S3 endpoint honours If-Match: trust what the answer itself says.
    etag = (response.getheader("ETag") or "").strip('"')
    span = response.getheader("Content-Range") or ""
    if etag and etag != transfer.etag:
        raise OriginError(Cause.CHANGED, f"{transfer.origin.description} has another version of the object")
    if not span.startswith(f"bytes {first}-") or not span.endswith(f"/{transfer.object_size}"):
        raise OriginError(
            Cause.CHANGED, f"{transfer.origin.description} answers a range that was not asked for ({span})"
        )
