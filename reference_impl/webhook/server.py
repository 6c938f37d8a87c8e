"""The TLS server that the API server calls.

Rule: one thread per connection; the handshake is that thread's too, so that one slow peer holds up nobody. Whatever
goes wrong inside becomes a refusal with its cause, for the alternative is a time-out without one.
"""

import json
import logging
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from reference_impl.kubernetes_api import Object
from reference_impl.webhook.certificate import Certificate

PATH = "/mutate-fluid-io-v1alpha1-schedulepod"
LARGEST_BODY = 8 << 20
IDLE_SECONDS = 120

log = logging.getLogger(__name__)


class WebhookServer:
    """Answers reviews with what `review` makes of them, in threads of its own."""

    def __init__(self, *, port: int, certificate: Certificate, review: Callable[[Object], Object]) -> None:
        self._server = _Server(("", port), _handler(review))
        self._server.socket = _context(certificate).wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhook")

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more and wait for the accepting thread; connections end with the process."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, _request: object, client_address: object) -> None:
        log.info("connection of %s ended: %s", client_address, sys.exc_info()[1])


def _handler(review: Callable[[Object], Object]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_SECONDS
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.path.partition("?")[0] != PATH or not 0 < length <= LARGEST_BODY:
                self.close_connection = True
                self._answer(HTTPStatus.NOT_FOUND, b"{}")
                return
            body = self.rfile.read(length)
            try:
                asked = json.loads(body)
                uid = asked["request"]["uid"]
            except (ValueError, KeyError, TypeError):
                self._answer(HTTPStatus.BAD_REQUEST, b"{}")
                return
            try:
                answer = review(asked)
            except Exception as error:
                log.exception("review failed")
                answer = _refusal(uid, f"fluid-webhook could not decide: {error}")
            self._answer(HTTPStatus.OK, json.dumps(answer).encode())

        def _answer(self, status: HTTPStatus, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say what was decided elsewhere, not that somebody asked."""

    return Handler


def _refusal(uid: str, message: str) -> Object:
    status = {"code": int(HTTPStatus.INTERNAL_SERVER_ERROR), "message": message}
    response = {"uid": uid, "allowed": False, "status": status}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The ssl module takes files only; the directory is this user's alone and gone at once.
    with tempfile.TemporaryDirectory() as name:
        chain, key = Path(name, "tls.crt"), Path(name, "tls.key")
        chain.write_bytes(certificate.certificate)
        key.write_bytes(certificate.key)
        context.load_cert_chain(chain, key)
    return context
