"""What a phase costs whose readers have ended before the origin's answers have."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pytest
from loopback import Launched
from scripted import scripted_origin

from suite import origin as module
from suite import waiting
from suite.errors import Void
from suite.origin import Origin, SeededObject

if TYPE_CHECKING:
    from fixtures.stores import Store

Launch = Callable[..., Launched]
ITEM = SeededObject(bucket="b", key="k", seed="s", size=4)
NO_STORE = cast("Store", None)  # a phase asks the gateway alone


@contextmanager
def half_an_answer(launch: Launch, go_on: threading.Event) -> Iterator[tuple[Origin, Callable[[], None]]]:
    """Return an origin, and how to begin a read of which the second half comes once the event is set."""

    def halting(connection: socket.socket, _: bytes) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nda")
        go_on.wait(30)
        connection.sendall(b"ta")
        return True

    with scripted_origin(halting) as scripted:
        launched = launch(scripted.address)
        readers: list[threading.Thread] = []

        def begin() -> None:
            readers.append(threading.Thread(target=launched.request, args=("GET", "/b/k")))
            readers[-1].start()
            meter = launched.gateway.meter
            waiting.until("a first byte", lambda: meter().of("b", "k"), lambda seen: seen.get_bytes > 0, seconds=10)

        yield Origin(NO_STORE, launched.gateway), begin
        go_on.set()
        for reader in readers:
            reader.join()


def test_an_answer_that_ends_soon_after_the_readers_is_part_of_the_phase(launch: Launch) -> None:
    go_on = threading.Event()
    with half_an_answer(launch, go_on) as (origin, begin):
        later = threading.Timer(0.5, go_on.set)
        with origin.phase(ITEM) as cost:
            begin()
            later.start()

    assert (cost.origin_bytes, cost.gets) == (4, 1)


def test_a_phase_after_which_an_answer_goes_on_is_void(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.2)
    with (
        half_an_answer(launch, threading.Event()) as (origin, begin),
        pytest.raises(Void, match="1 answers for /b/k are still under way at the end of the phase"),
        origin.phase(ITEM),
    ):
        begin()
