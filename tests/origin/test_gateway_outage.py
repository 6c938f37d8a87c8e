"""An origin that is down on demand: for one bucket, altogether, and only while it is asked for."""

import http.client
import socket
import threading
from collections.abc import Callable

import pytest
from loopback import Launched
from scripted import scripted_origin

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Launch = Callable[..., Launched]


def always(connection: socket.socket, _: bytes) -> bool:
    connection.sendall(OK)
    return True


def ask(connection: http.client.HTTPConnection) -> bytes:
    connection.request("GET", "/b/k")
    return connection.getresponse().read()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/my%20b/k"), ("HEAD", "/my%20b/k"), ("GET", "/my%20b?list-type=2"), ("PUT", "/my%20b/k")],
)
def test_whoever_names_the_bucket_is_hung_up_on_and_all_others_are_served(
    launch: Launch, method: str, path: str
) -> None:
    with scripted_origin(always) as origin:
        launched = launch(origin.address)
        with launched.gateway.outage("my b"):
            with pytest.raises(http.client.RemoteDisconnected):
                launched.request(method, path)
            other = launched.request("GET", "/my/k")
        again = launched.request("GET", "/my%20b/k")

    assert (other, again) == ((200, b"ok"), (200, b"ok"))
    assert len(origin.heads) == 2, "what was hung up on reached the origin"


def test_a_reading_that_is_refused_is_an_error_that_cost_nothing(launch: Launch) -> None:
    with scripted_origin(always) as origin:
        launched = launch(origin.address)
        with launched.gateway.outage("b"), pytest.raises(http.client.RemoteDisconnected):
            launched.request("GET", "/b/k")

    counters = launched.gateway.meter().of("b", "k")
    assert (counters.gets, counters.errors, counters.in_flight, counters.get_bytes) == (1, 1, 0, 0)


def test_an_answer_under_way_is_cut_and_a_connection_that_was_kept_is_ended(launch: Launch) -> None:
    go_on = threading.Event()

    def halting(connection: socket.socket, head: bytes) -> bool:
        if b"/halting" not in head:
            return always(connection, head)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(400))
        assert go_on.wait(10)
        connection.sendall(bytes(600))
        return True

    with scripted_origin(halting) as origin:
        launched = launch(origin.address)
        kept = http.client.HTTPConnection(launched.data.host, launched.data.port, timeout=10)
        assert ask(kept) == b"ok"
        halted = http.client.HTTPConnection(launched.data.host, launched.data.port, timeout=10)
        halted.request("GET", "/b/halting")
        answer = halted.getresponse()
        assert answer.read(400) == bytes(400)
        with launched.gateway.outage("b"):
            go_on.set()
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                answer.read()
            with pytest.raises(ConnectionError):
                ask(kept)
        kept.close()
        halted.close()

        counters = launched.gateway.meter().of("b", "halting")
        assert (counters.errors, counters.in_flight) == (1, 0)


def test_it_ends_with_whatever_it_was_for(launch: Launch) -> None:
    with scripted_origin(always) as origin:
        launched = launch(origin.address)
        with pytest.raises(LookupError), launched.gateway.outage("b"):
            raise LookupError

        assert launched.request("GET", "/b/k") == (200, b"ok")
