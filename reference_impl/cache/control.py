"""The control port: health, figures, and the names that clients show. Never a byte of an object.

GET /healthz                  200 once the origin has been asked, whatever it said; 503 before
GET /stats                    the worker's figures and, in `error`, why the origin can't be used
GET /metadata/stat?path=P     one entry; `newest=1`: nothing listed before this request counts
GET /metadata/list?path=P     the entries of a directory
GET /metadata/totals          bytes and files of the whole dataset
"""

from __future__ import annotations

import http.server
import json
import socketserver
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from reference_impl.cache.errors import OriginError, port_error

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from reference_impl.cache.catalogue import Catalogue
    from reference_impl.cache.tree import Entry

Answer = tuple[HTTPStatus, dict[str, Any]]
Query = dict[str, str]

_POLL_SECONDS = 0.05  # how soon stop() is noticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What /stats says; counts since the worker started."""

    cached_bytes: int
    quota_bytes: int
    hits: int
    misses: int
    origin_bytes: int
    leases: int  # descriptors of whole objects that clients on this node have
    pinned_bytes: int  # cached bytes that are not evicted because of them
    unix_socket: bool  # whether clients on this node may come by one


class ControlServer:
    """The control port and its threads. The owner calls start() once and stop() once."""

    def __init__(self, address: tuple[str, int], *, catalogue: Catalogue, figures: Callable[[], Figures]) -> None:
        answers = Answers(catalogue, figures)

        class Handler(_Handler):
            def answer(self) -> Answer:
                return answers.answer(self.path)

        try:
            self._server = _Server(address, Handler)
        except OSError as error:
            raise port_error(address, error) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="control", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Answers:
    """What is answered to which target."""

    def __init__(self, catalogue: Catalogue, figures: Callable[[], Figures]) -> None:
        self._catalogue = catalogue
        self._figures = figures
        self._answers: dict[str, Callable[[Query], Answer]] = {
            "/healthz": self._health,
            "/stats": self._stats,
            "/metadata/stat": self._stat,
            "/metadata/list": self._list,
            "/metadata/totals": self._totals,
        }

    def answer(self, target: str) -> Answer:
        """Return status and JSON body."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query, errors="surrogateescape").items()}
        try:
            answer = self._answers[parts.path]
        except KeyError:
            return HTTPStatus.NOT_FOUND, {"error": f"{parts.path} is not served here"}
        try:
            return answer(query)
        except OriginError as error:
            return error.cause.value, {"error": str(error)}

    def _health(self, _: Query) -> Answer:
        status = HTTPStatus.OK if self._catalogue.tried else HTTPStatus.SERVICE_UNAVAILABLE
        return status, {"ready": self._ready(), "error": self._error()}

    def _stats(self, _: Query) -> Answer:
        figures, tree = self._figures(), self._catalogue.tree
        return HTTPStatus.OK, {
            "ready": self._ready(),
            "ufsTotalBytes": tree.total_bytes if tree else None,
            "fileNum": tree.file_count if tree else None,
            "cachedBytes": figures.cached_bytes,
            "quotaBytes": figures.quota_bytes,
            "hits": figures.hits,
            "misses": figures.misses,
            "originBytes": figures.origin_bytes,
            "leases": figures.leases,
            "pinnedBytes": figures.pinned_bytes,
            "unixSocket": figures.unix_socket,
            "error": self._error(),
        }

    def _ready(self) -> bool:
        return self._catalogue.tree is not None

    def _error(self) -> str | None:
        return str(self._catalogue.error) if self._catalogue.error else None

    def _stat(self, query: Query) -> Answer:
        path = query.get("path", "/")
        entry = self._catalogue.stat(path, newest="newest" in query)
        if entry is None:
            return HTTPStatus.NOT_FOUND, {"error": f"the origin has no {path}"}
        return HTTPStatus.OK, _entry(entry)

    def _list(self, query: Query) -> Answer:
        path = query.get("path", "/")
        entries = self._catalogue.children(path)
        if entries is None:
            return HTTPStatus.NOT_FOUND, {"error": f"the origin has no directory {path}"}
        return HTTPStatus.OK, {"entries": [_entry(entry) for entry in entries]}

    def _totals(self, _: Query) -> Answer:
        tree = self._catalogue.tree
        return HTTPStatus.OK, {
            "bytes": tree.total_bytes if tree else 0,
            "files": tree.file_count if tree else 0,
        }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "directory": entry.is_directory,
        "size": entry.size,
        "etag": entry.etag,
        "modified": entry.modified,
    }


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True  # one for each kept connection: they end with the process
    block_on_close = False
    request_queue_size = 1024

    def server_bind(self) -> None:
        # The base class asks DNS for our own name here, which may take seconds in a pod.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Say nothing of clients that come and go."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def answer(self) -> Answer:
        raise NotImplementedError

    def do_GET(self) -> None:
        status, document = self.answer()
        body = json.dumps(document).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        """Say nothing: readiness probes would fill the log."""
