"""The gateway passes HTTP through unharmed, and tells in one line when the origin does not answer."""

import http.client
import io
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback import Launched, Loopback
from minio import Minio
from scripted import scripted_origin

from fixtures.gateway.client import Gateway
from fixtures.stores import Address
from fixtures.stores.content import ContentStream, content
from fixtures.stores.minio import MinioStore

BUCKET = "bucket"
Launch = Callable[..., Launched]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def through(store: MinioStore) -> Minio:
    """Return a client whose every request goes through the gateway."""
    return Minio(
        store.endpoint_inside.removeprefix("http://"),
        access_key=store.access_key.reveal(),
        secret_key=store.secret_key.reveal(),
        secure=False,
    )


def exchange(address: Address, *pieces: bytes) -> bytes:
    """Send pieces as they are and return all that comes until the end."""
    with socket.create_connection((address.host, address.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while more := connection.recv(65536):
            answer += more
        return answer


def test_a_client_can_write_list_and_read_through_it(store: MinioStore, gateway: Gateway) -> None:
    client = through(store)
    client.put_object(BUCKET, "through/whole", io.BytesIO(content("w", 0, 70_000)), 70_000)
    size = (11 << 20) + 1
    client.put_object(BUCKET, "through/parts", ContentStream("p", size), size, part_size=5 << 20)

    before = gateway.meter()
    listed = {item.object_name: item.size for item in client.list_objects(BUCKET, "through/", recursive=True)}
    read = client.get_object(BUCKET, "through/parts", offset=5_000_000, length=123_457).data
    after = gateway.meter()

    assert listed == {"through/whole": 70_000, "through/parts": size}
    assert read == content("p", 5_000_000, 123_457)
    assert after.lists > before.lists
    assert after.of(BUCKET, "through/parts").get_bytes == 123_457
    client.remove_object(BUCKET, "through/whole")


def test_many_requests_share_one_connection_on_both_sides(launch: Launch) -> None:
    def answer(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(OK)
        return True

    with scripted_origin(answer) as origin:
        launched = launch(origin.address)
        connection = http.client.HTTPConnection(launched.data.host, launched.data.port)
        for number in range(20):
            connection.request("GET", f"/b/{number}")
            assert connection.getresponse().read() == b"ok"
        connection.close()

        assert origin.connections == 1


def test_heads_arrive_as_they_were_sent(launch: Launch) -> None:
    def answer(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(OK)
        return False

    head = b"GET /b/k?X-Amz-Signature=abc HTTP/1.1\r\nhOsT:  some.where:1\r\nX-Odd: a:b\r\nConnection: close\r\n\r\n"
    with scripted_origin(answer) as origin:
        launched = launch(origin.address)
        # In pieces that cut the end of the head in two.
        assert exchange(launched.data, head[:10], head[10:-2], head[-2:]) == OK
        assert origin.heads == [head]


def test_chunks_pass_whatever_the_pieces(launch: Launch) -> None:
    large = b"x" * 300_000
    body = b"5;ext=1\r\nhello\r\n" + b"%x\r\n" % len(large) + large + b"\r\n0\r\nTrailer: yes\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def answer(connection: socket.socket, request: bytes) -> bool:
        if b"/slowly" in request:
            for byte in head + body[:30]:
                connection.sendall(bytes([byte]))
            connection.sendall(body[30:])
        else:
            connection.sendall(head + body)
        return True

    with scripted_origin(answer) as origin:
        launched = launch(origin.address)
        connection = http.client.HTTPConnection(launched.data.host, launched.data.port)
        for path in ("/b/slowly", "/b/fast", "/b/slowly"):
            connection.request("GET", path)
            assert connection.getresponse().read() == b"hello" + large
        connection.close()

        counters = launched.gateway.meter().of("b", "fast")
        assert (counters.get_bytes, counters.in_flight) == (5 + len(large), 0)


def test_a_body_that_ends_with_the_connection_passes(launch: Launch) -> None:
    def answer(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n" + b"y" * 100_000)
        return False

    with scripted_origin(answer) as origin:
        status, body = launch(origin.address).request("GET", "/b/k")

    assert (status, body) == (200, b"y" * 100_000)


def test_a_body_waits_for_continue_where_its_sender_does(launch: Launch) -> None:
    received = []

    def answer(connection: socket.socket, head: bytes) -> bool:
        if b"/refused" in head:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return True
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        received.append(connection.recv(5, socket.MSG_WAITALL))
        connection.sendall(OK)
        return True

    rest = b" HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with scripted_origin(answer) as origin:
        launched = launch(origin.address)
        taken = exchange(launched.data, b"PUT /b/k" + rest, b"hello")
        refused = exchange(launched.data, b"PUT /b/refused" + rest)

    assert (taken, received) == (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, [b"hello"])
    assert refused.startswith(b"HTTP/1.1 403 ")


def test_a_refusal_in_the_middle_of_a_body_reaches_its_sender(launch: Launch) -> None:
    refused = threading.Event()

    def answer(connection: socket.socket, _: bytes) -> bool:
        connection.recv(1000, socket.MSG_WAITALL)
        connection.sendall(b"HTTP/1.1 507 Full\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.close()
        refused.set()
        return False

    with scripted_origin(answer) as origin:
        data = launch(origin.address).data
        with socket.create_connection((data.host, data.port), timeout=10) as connection:
            connection.sendall(b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n" + bytes(1000))
            assert refused.wait(10)
            for _ in range(3):  # the first piece that meets the closed connection is answered by its end only
                connection.sendall(bytes(1000))
                threading.Event().wait(0.1)
            assert connection.recv(1000).startswith(b"HTTP/1.1 507 Full")


def test_a_connection_that_the_origin_has_ended_is_replaced(launch: Launch) -> None:
    def answer(connection: socket.socket, head: bytes) -> bool:
        if head.startswith(b"PUT"):
            connection.recv(5, socket.MSG_WAITALL)
        connection.sendall(OK)
        return False  # without having said so

    with scripted_origin(answer) as origin:
        launched = launch(origin.address)
        connection = http.client.HTTPConnection(launched.data.host, launched.data.port)
        for method in ("GET", "PUT", "GET"):
            connection.request(method, "/b/k", body=b"12345" if method == "PUT" else None)
            assert connection.getresponse().read() == b"ok"
            threading.Event().wait(0.1)  # for the end to arrive; a body cannot be sent twice
        connection.close()

        assert launched.gateway.meter().of("b", "k").errors == 0


def test_an_origin_that_is_down_is_told_in_one_line(launch: Launch) -> None:
    with scripted_origin(lambda *_: False) as origin:
        address = origin.address
        launched = launch(address)
        silent = launched.request("GET", "/b/k?X-Amz-Signature=secret")
    down = launched.request("GET", "/b/k?X-Amz-Signature=secret")

    assert silent[0] == down[0] == 502
    assert silent[1].decode() == f"origin {address} hung up without an answer (GET /b/k)\n"
    assert down[1].decode() == f"origin {address} cannot connect: Connection refused (GET /b/k)\n"
    assert "secret" not in launched.log.read_text()
    counters = launched.gateway.meter().of("b", "k")
    assert (counters.gets, counters.errors, counters.in_flight, counters.get_bytes) == (2, 2, 0, 0)


def test_a_body_that_the_origin_cuts_off_stays_short(launch: Launch) -> None:
    def answer(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(400))
        return False

    with scripted_origin(answer) as origin:
        launched = launch(origin.address)
        with pytest.raises(http.client.IncompleteRead):
            launched.request("GET", "/b/k")

    counters = launched.gateway.meter().of("b", "k")
    assert (counters.get_bytes, counters.errors, counters.in_flight) == (400, 1, 0)
    assert "hung up 600 bytes before the end of the body (GET /b/k)" in launched.log.read_text()


@pytest.mark.parametrize(
    "nonsense", [b"\x16\x03\x01\x02\x00 TLS?\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET"]
)
def test_nonsense_ends_the_connection_and_nothing_else(gateway: Gateway, store: MinioStore, nonsense: bytes) -> None:
    host, port = store.endpoint_inside.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(nonsense)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""

    assert gateway.healthy()


def test_it_ends_at_once_and_cleanly_with_bodies_under_way(launch: Launch, store: MinioStore) -> None:
    store.put(BUCKET, "under-way", seed="u", size=30_000_000)
    launched = launch(store.listen, bytes_per_second=1e6)
    path = store.presign(BUCKET, "under-way", seconds=60).removeprefix(store.endpoint_inside)
    # Signed for the shared gateway: this one passes the Host on as it comes.
    host = store.endpoint_inside.removeprefix("http://")
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    readers = [socket.create_connection((launched.data.host, launched.data.port)) for _ in range(5)]
    for reader in readers[:4]:
        reader.sendall(request)
        assert reader.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 200"

    process = launched.host.processes["gateway"]
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code = process.wait(10)
    seconds = time.monotonic() - began
    for reader in readers:
        reader.close()

    assert (code, seconds < 2) == (0, True), (code, seconds)
    assert launched.log.read_text().count("\n") == 1, launched.log.read_text()  # where it listened


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("--rate", "-1"), "'-1' is no number >= 0"), (("--origin", "nowhere"), "'nowhere' is not host:port")],
)
def test_a_wrong_option_is_told(arguments: tuple[str, str], told: str) -> None:
    every = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--origin", "127.0.0.1:1", *arguments]
    done = subprocess.run(
        [sys.executable, "-m", "fixtures.gateway", *every], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert told in done.stderr


def test_an_address_that_is_taken_is_told(store: MinioStore, tmp_path: Path) -> None:
    host = Loopback()
    argv = [sys.executable, "-m", "fixtures.gateway", "--listen", str(store.listen), "--admin", "127.0.0.1:0"]
    host.spawn("gateway", [*argv, "--origin", "127.0.0.1:1"], {}, tmp_path / "log")
    host.processes["gateway"].wait(10)

    assert "gateway ended with 1: gateway: cannot listen on" in (host.alive() or "")
