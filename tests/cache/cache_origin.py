"""A tiny S3 origin in this process: just what the worker asks for, with switches for everything that goes wrong.

It counts what it sent, by object: the proof of every statement about cold and warm.
"""

from __future__ import annotations

import collections
import hashlib
import http.server
import re
import socket
import threading
import urllib.parse
from http import HTTPStatus
from xml.sax.saxutils import escape

ACCESS_KEY = "an-access-key"
SECRET_KEY = "a-secret-key-that-nobody-may-log"  # noqa: S105 - it opens nothing
BUCKET = "data"
_PAGE = 3  # keys of one listing page, so that every test pages
_PIECE = 65536


class Gate:
    """An event that begins as set, and that can let some of those who wait pass while it is not."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open, self._passes = True, 0

    def set(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self._open = False

    def let_one_pass(self) -> None:
        with self._changed:
            self._passes += 1
            self._changed.notify()

    def wait(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._open or self._passes)
            self._passes -= not self._open


class TinyOrigin:
    """Objects in memory behind HTTP on 127.0.0.1. Switches may be turned at any time."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}  # key -> content, etag
        self.sent: collections.Counter[str] = collections.Counter()  # key -> body bytes of GET answers
        self.gets: collections.Counter[str] = collections.Counter()
        self.lists = 0
        self.accepted_key = ACCESS_KEY
        self.heeds_if_match = True
        self.breaks_off_after: int | None = None  # bytes of the next answer, once
        self.open_gate = Gate()  # closed: answers with bytes wait
        self.arrived = threading.Semaphore(0)  # one for each GET that has begun
        self._connections: set[socket.socket] = set()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.up()

    def put(self, key: str, content: bytes) -> None:
        self.objects[key] = (content, hashlib.md5(content, usedforsecurity=False).hexdigest())

    def up(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def down(self) -> None:
        """Refuse connections and cut those that exist."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None
            for connection in list(self._connections):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # gone by itself

    def close(self) -> None:
        self.open_gate.set()
        self.down()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], origin: TinyOrigin) -> None:
        self.origin = origin
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # workers are killed here


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.origin._connections.add(self.connection)

    def finish(self) -> None:
        self.server.origin._connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        origin = self.server.origin
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query)
        signer = query.get("X-Amz-Credential", [self.headers.get("Authorization", "")])[0]
        if origin.accepted_key not in signer:
            self._error(HTTPStatus.FORBIDDEN, "InvalidAccessKeyId")
        elif "list-type" in query:
            self._list(query)
        else:
            self._get(urllib.parse.unquote(parts.path).removeprefix(f"/{BUCKET}/"))

    def _list(self, query: dict[str, list[str]]) -> None:
        origin = self.server.origin
        origin.lists += 1
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        keys = sorted(key for key in origin.objects if key.startswith(prefix) and key > after)
        page, more = keys[:_PAGE], len(keys) > _PAGE
        lines = ['<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">', f"<Name>{BUCKET}</Name>"]
        lines.append(f"<IsTruncated>{str(more).lower()}</IsTruncated>")
        if more:
            lines.append(f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>")
        for key in page:
            content, etag = origin.objects[key]
            lines.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
                f"<ETag>&quot;{etag}&quot;</ETag><Size>{len(content)}</Size></Contents>"
            )
        self._whole(HTTPStatus.OK, "".join([*lines, "</ListBucketResult>"]).encode())

    def _get(self, key: str) -> None:
        origin = self.server.origin
        origin.gets[key] += 1
        origin.arrived.release()
        origin.open_gate.wait()
        if key not in origin.objects:
            self._error(HTTPStatus.NOT_FOUND, "NoSuchKey")
            return
        content, etag = origin.objects[key]
        if origin.heeds_if_match and self.headers.get("If-Match") not in {None, f'"{etag}"'}:
            self._error(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed")
            return
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())  # type: ignore[union-attr]
        body = content[first : last + 1]
        if not body:
            self._error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "InvalidRange")
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{len(content)}")
        self.end_headers()
        cut, origin.breaks_off_after = origin.breaks_off_after, None
        body = body[:cut]
        for at in range(0, len(body), _PIECE):
            self.wfile.write(body[at : at + _PIECE])
            origin.sent[key] += len(body[at : at + _PIECE])
        if cut is not None:
            self.close_connection = True

    def _error(self, status: HTTPStatus, code: str) -> None:
        self._whole(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def _whole(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
