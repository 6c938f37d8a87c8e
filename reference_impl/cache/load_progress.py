"""How far a load is: counted by the threads that read, served as JSON to whoever asks, and left behind at the end.

Rule: bytes count when they have arrived, and the whole is only known once everything has been listed.
"""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from reference_impl.cache.errors import port_error

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "/progress"
_POLL_SECONDS = 0.05  # how soon stop() is noticed
_LONGEST_ERROR = 1000  # characters; a termination message may have 4096 bytes


class Progress:
    """The figures of one load; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total: int | None = None
        self._files: int | None = None
        self._loaded = 0
        self.error = ""

    def listed(self, *, total: int, files: int) -> None:
        """Say how many bytes and files there are to load."""
        with self._lock:
            self._total, self._files = total, files

    def add(self, count: int) -> None:
        """Count bytes that have arrived; a negative count takes back what has to be read once more."""
        with self._lock:
            self._loaded += count

    def document(self) -> dict[str, Any]:
        """Return everything as plain data; total and files are null before all is listed."""
        with self._lock:
            return {
                "loadedBytes": self._loaded,
                "totalBytes": self._total,
                "files": self._files,
                "error": self.error[:_LONGEST_ERROR],
            }

    def leave(self, place: Path) -> None:
        """Write everything where a kubelet looks for it, if there is such a place: outside a pod there is none."""
        if place.exists():
            place.write_text(json.dumps(self.document()), encoding="utf-8")


class ProgressServer:
    """Answers GET /progress. The owner calls start() once and stop() once."""

    def __init__(self, address: tuple[str, int], progress: Progress) -> None:
        class Handler(_Handler):
            def document(self) -> dict[str, Any]:
                return progress.document()

        try:
            self._server = _Server(address, Handler)
        except OSError as error:
            raise port_error(address, error) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="progress", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # The base class asks DNS for our own name here, which may take seconds in a pod.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]


class _Handler(http.server.BaseHTTPRequestHandler):
    def document(self) -> dict[str, Any]:
        raise NotImplementedError

    def do_GET(self) -> None:
        found = self.path == TARGET
        body = json.dumps(self.document() if found else {"error": f"{self.path} is not served here"}).encode()
        self.send_response_only(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
        """Say nothing: the controller asks every second."""
