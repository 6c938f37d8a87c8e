"""The worker's HTTP, as little as its data port needs: GET of a version's bytes, whole or one range.

GET /<path>?etag=<etag>&size=<bytes>   exactly this version, or 412
GET /<path>                            whatever version the last listing showed
LEASE /<path>?etag=<etag>&size=<bytes> by unix socket only: 200 with a descriptor of exactly this version (SCM_RIGHTS)
                                       when all of it is there, else 409; the connection's end gives it back
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, unquote

from reference_impl.cache.objects import Version

HEAD_END = b"\r\n\r\n"
LONGEST_HEAD = 16384  # bytes
# What our own clients send, and nothing else: told by one look instead of one for each field.
USUAL = re.compile(rb"GET ([!-~]+) HTTP/1\.1\r\nHost: [!-~]+\r\nRange: bytes=(\d+)-(\d+)\r\n\r\n")
_RANGE = re.compile(rb"\r\nrange:[ ]*bytes=(\d*)-(\d*)[ ]*\r?$", re.IGNORECASE | re.MULTILINE)
_CLOSE = re.compile(rb"\r\nconnection:[ ]*close", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, read once."""

    target: bytes
    first: bytes  # of the range; both empty: the whole object
    last: bytes
    lease: bool
    closes: bool  # whether the client wants the connection closed after the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Bytes first to end (exclusive) of an object; `partial` when the request named a range."""

    first: int
    end: int
    partial: bool


class RefusedError(Exception):
    """The request gets this status and a line of text."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def asked(head: bytes) -> Asked:
    """Read a request's head; RefusedError for anything but GET and LEASE."""
    method, _, rest = head.partition(b" ")
    if method not in {b"GET", b"LEASE"}:
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is served here")
    span = _RANGE.search(head)
    first, last = span.groups() if span else (b"", b"")
    return Asked(
        target=rest.partition(b" ")[0],
        first=first,
        last=last,
        lease=method == b"LEASE",
        closes=_CLOSE.search(head) is not None,
    )


def parse_target(target: bytes) -> tuple[str, Version | None]:
    """Return the path, and the version where the target names one; RefusedError when it is malformed."""
    location, _, query = target.decode("latin-1").partition("?")
    path = unquote(location, errors="surrogateescape")
    if not query:
        return path, None
    fields = parse_qs(query)
    etag, size = fields.get("etag", [""])[0], fields.get("size", [""])[0]
    if not etag or not size.isdecimal():
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the query must be etag=…&size=…")
    return path, Version(path=path, etag=etag, size=int(size))


def range_of(request: Asked, size: int) -> Range:
    """Return what a request asks of an object of that size; RefusedError when it lies beyond the end."""
    first, last = request.first, request.last
    if first:
        wanted = Range(first=int(first), end=min(int(last) + 1, size) if last else size, partial=True)
    elif last:
        wanted = Range(first=max(0, size - int(last)), end=size, partial=True)
    else:
        return Range(first=0, end=size, partial=False)
    if wanted.first >= wanted.end:
        raise RefusedError(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"the object has {size} bytes")
    return wanted


def success_head(wanted: Range, version: Version) -> bytes:
    """Make the head of the answer that carries the bytes."""
    if wanted.partial:
        return partial_head(wanted.first, wanted.end, version.size)
    return b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: "%s"\r\n\r\n' % (version.size, version.etag.encode())


def partial_head(first: int, end: int, size: int) -> bytes:
    """Make the head of an answer with bytes first to end (exclusive) of an object."""
    return b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\nContent-Range: bytes %d-%d/%d\r\n\r\n" % (
        end - first,
        first,
        end - 1,
        size,
    )


def granted() -> bytes:
    """Make the answer that goes along with a descriptor."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def refusal(status: HTTPStatus, message: str) -> bytes:
    """Make a whole answer without bytes of an object."""
    body = message.encode() + b"\n"
    return b"HTTP/1.1 %d %s\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n%s" % (
        status.value,
        status.phrase.encode(),
        len(body),
        body,
    )
