"""Bodies between two sockets: what is counted, and when."""

import socket
from collections.abc import Iterator

import pytest

from fixtures.gateway.messages import BrokenMessageError, Head, read_head
from fixtures.gateway.relay import Body, Freely, Pump, SinkGoneError, SourceGoneError

Pair = tuple[socket.socket, socket.socket]


class Watching(Freely):
    """Notes what has reached the reader at the moment at which the source has given all."""

    def __init__(self, reader: socket.socket) -> None:
        self.total = 0
        self.arrived: int | None = None
        self._reader = reader

    def pulled(self, count: int) -> None:
        self.total += count

    def ended(self) -> None:
        assert self.arrived is None, "said twice"
        try:
            self.arrived = len(self._reader.recv(1 << 20, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            self.arrived = 0


@pytest.fixture
def origin() -> Iterator[Pair]:
    yield from pair()


@pytest.fixture
def client() -> Iterator[Pair]:
    yield from pair()


def pair() -> Iterator[Pair]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    with one, other:
        yield one, other


def head(**fields: str) -> Head:
    words = ("HTTP/1.1", "200", "OK")
    return Head(raw=b"", words=words, fields={name.replace("_", "-"): value for name, value in fields.items()})


def relay(origin: Pair, client: Pair, answer: Head) -> Watching:
    flow = Watching(client[1])
    with Pump() as pump:
        Body(pump=pump, source=origin[1], sink=client[0], flow=flow).relay(answer, until_closed=True)
    return flow


@pytest.mark.parametrize(
    ("fields", "sent", "body"),
    [
        ({"content_length": "5"}, b"helloNEXT", b"hello"),
        ({"content_length": "0"}, b"NEXT", b""),
        ({"transfer_encoding": "chunked"}, b"5\r\nhello\r\n0\r\n\r\nNEXT", b"5\r\nhello\r\n0\r\n\r\n"),
        ({"transfer_encoding": "Chunked"}, b"0\r\nT: r\r\n\r\nNEXT", b"0\r\nT: r\r\n\r\n"),
    ],
)
def test_all_is_counted_before_the_reader_has_the_last_of_it(
    origin: Pair, client: Pair, fields: dict[str, str], sent: bytes, body: bytes
) -> None:
    origin[0].sendall(sent)
    flow = relay(origin, client, head(**fields))

    assert client[1].recv(100) == body if body else True
    assert flow.total == body.count(b"hello") * 5
    assert flow.arrived is not None
    assert flow.arrived < len(body) or not body
    assert origin[1].recv(100) == b"NEXT"


def test_a_source_that_leaves_or_lies_is_told(origin: Pair, client: Pair) -> None:
    origin[0].sendall(b"zz\r\n")
    with pytest.raises(SourceGoneError, match="where a chunk's size belongs"):
        relay(origin, client, head(transfer_encoding="chunked"))
    origin[0].sendall(b"5\r\nhel")
    origin[0].shutdown(socket.SHUT_WR)
    with pytest.raises(SourceGoneError, match="hung up 2 bytes before the end of the body"):
        relay(origin, client, head(transfer_encoding="chunked"))


def test_a_sink_that_leaves_is_told(origin: Pair, client: Pair) -> None:
    client[0].shutdown(socket.SHUT_WR)
    origin[0].sendall(bytes(1000))
    with pytest.raises(SinkGoneError):
        relay(origin, client, head(content_length="300"))


def test_a_head_has_an_end(origin: Pair) -> None:
    origin[0].sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000)
    with pytest.raises(BrokenMessageError, match="no end of the head within 65536 bytes"):
        read_head(origin[1])
