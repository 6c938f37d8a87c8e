"""Raw readers: many bodies at once, discarded as fast as they come."""

import socket
import threading
import time
from dataclasses import dataclass

from fixtures.stores import Address
from fixtures.stores.minio import MinioStore

BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Pull:
    """What one reader got."""

    bytes: int  # of the body
    seconds: float  # from the common start to the last byte


def request(store: MinioStore, key: str, *, size: int | None = None) -> bytes:
    """Return a signed request for an object's first `size` bytes (all by default), valid at store and gateway."""
    path = store.presign("bucket", key, seconds=600).removeprefix(store.endpoint_inside)
    host = store.endpoint_inside.removeprefix("http://")
    part = f"Range: bytes=0-{size - 1}\r\n" if size else ""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{part}Connection: close\r\n\r\n".encode()


def pull(address: Address, head: bytes, *, readers: int) -> list[Pull]:
    """Send `head` on as many connections at once and read all bodies to their ends."""
    results: list[Pull | BaseException | None] = [None] * readers
    connections = [socket.create_connection((address.host, address.port), timeout=60) for _ in range(readers)]
    buffers = [bytearray(BUFFER_BYTES) for _ in range(min(readers, 8))]
    began = time.monotonic()

    def read(number: int) -> None:
        buffer = buffers[number % len(buffers)]  # shared: nobody looks at what is in it
        with connections[number] as connection:
            try:
                connection.sendall(head)
                answer = b""
                while b"\r\n\r\n" not in answer:
                    answer += connection.recv(4096)
                assert answer.startswith(b"HTTP/1.1 20"), answer[:200]
                total = len(answer) - answer.index(b"\r\n\r\n") - 4
                while count := connection.recv_into(buffer):
                    total += count
                results[number] = Pull(bytes=total, seconds=time.monotonic() - began)
            except BaseException as error:  # noqa: BLE001 - raised in the test's own thread
                results[number] = error

    threads = [threading.Thread(target=read, args=(number,)) for number in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if isinstance(result, Pull)]
