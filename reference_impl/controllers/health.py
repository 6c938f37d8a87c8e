"""The probes' endpoint: GET /healthz and /readyz answer 200, or 500 with the names of what is wrong.

Rule: a probe answers from what is known in memory; it never asks the API server, for a restart would not help that.
"""

import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080

Check = Callable[[], Sequence[str]]  # what is wrong, empty = nothing


class HealthServer:
    """A small HTTP server for a pod's probes, in a thread of its own."""

    def __init__(self, *, alive: Check, ready: Check, port: int = PORT) -> None:
        checks = {"/healthz": alive, "/readyz": ready}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                check = checks.get(self.path)
                wrong = ["no such path"] if check is None else check()
                self.send_response(HTTPStatus.INTERNAL_SERVER_ERROR if wrong else HTTPStatus.OK)
                self.end_headers()
                self.wfile.write(("\n".join(wrong) or "ok").encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Probes come every few seconds; they are no news."""

        self._server = ThreadingHTTPServer(("", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health")

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and wait for the thread."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
