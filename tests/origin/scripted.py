"""An origin that answers by script, for what a real store does only on its bad days."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fixtures.stores import Address

Answer = Callable[[socket.socket, bytes], bool]
"""Answers one request, given its head; returns whether the connection stays."""


def read_request_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return b""
        head += byte
    return head


class ScriptedOrigin:
    """Listens on the loopback, one connection after the other and several at once."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(host="127.0.0.1", port=self._listener.getsockname()[1])
        self.connections = 0
        self.heads: list[bytes] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self._open: list[socket.socket] = []

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while head := read_request_head(connection):
                self.heads.append(head)
                if not self._answer(connection, head):
                    return


@contextmanager
def scripted_origin(answer: Answer) -> Iterator[ScriptedOrigin]:
    origin = ScriptedOrigin(answer)
    try:
        yield origin
    finally:
        origin.end()
