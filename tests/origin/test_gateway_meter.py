"""The origin meter: exact to the byte, by object, whatever the readers do."""

import http.client
import socket
import threading
import time
from collections.abc import Callable

import pytest
from loopback import Launched
from pulling import pull, request

from fixtures.errors import InfrastructureError
from fixtures.gateway.client import Gateway, ObjectMeter
from fixtures.gateway.meter import Kind, classify
from fixtures.stores import Address
from fixtures.stores.minio import MinioStore

BUCKET = "bucket"
SIZE = 3_000_001


def difference(before: ObjectMeter, after: ObjectMeter) -> tuple[int, int, int, int]:
    """Return bytes, GETs, HEADs and errors between two readings."""
    return (
        after.get_bytes - before.get_bytes,
        after.gets - before.gets,
        after.heads - before.heads,
        after.errors - before.errors,
    )


@pytest.mark.parametrize(
    ("method", "target", "kind", "name"),
    [
        ("GET", "/b/k", Kind.GET, "/b/k"),
        ("GET", "/b/d/k%20%C3%A4%2B?X-Amz-Signature=1&X-Amz-Date=2", Kind.GET, "/b/d/k ä+"),
        ("GET", "/b/k?versionId=1&response-content-type=x", Kind.GET, "/b/k"),
        ("GET", "/b/k?acl", Kind.LIST, "/b/k"),
        ("GET", "/b/k?uploadId=1", Kind.LIST, "/b/k"),
        ("GET", "/b?list-type=2", Kind.LIST, "/b"),
        ("GET", "/b/?location", Kind.LIST, "/b/"),
        ("GET", "/", Kind.LIST, "/"),
        ("HEAD", "/b/k", Kind.HEAD, "/b/k"),
        ("HEAD", "/b", Kind.LIST, "/b"),
        ("PUT", "/b/k", Kind.WRITE, "/b/k"),
        ("POST", "/b/k?uploads", Kind.WRITE, "/b/k"),
        ("DELETE", "/b/k", Kind.WRITE, "/b/k"),
    ],
)
def test_a_request_is_told_by_method_and_address(method: str, target: str, kind: Kind, name: str) -> None:
    assert classify(method, target) == (kind, name)


def test_every_byte_of_every_reader_counts(gateway: Gateway, store: MinioStore, data_address: Address) -> None:
    store.put(BUCKET, "metered", seed="m", size=SIZE)
    store.put(BUCKET, "other", seed="m", size=SIZE)
    first = gateway.meter()
    pull(data_address, request(store, "metered"), readers=5)
    pull(data_address, request(store, "metered", size=17), readers=1)
    second = gateway.meter()

    assert difference(first.of(BUCKET, "metered"), second.of(BUCKET, "metered")) == (5 * SIZE + 17, 6, 0, 0)
    assert difference(first.of(BUCKET, "other"), second.of(BUCKET, "other")) == (0, 0, 0, 0)
    assert second.total_get_bytes - first.total_get_bytes == 5 * SIZE + 17
    assert second.of(BUCKET, "metered").in_flight == 0


def test_the_meter_has_all_of_what_a_reader_holds(gateway: Gateway, store: MinioStore, data_address: Address) -> None:
    store.put(BUCKET, "raced", seed="m", size=1000)
    for number in range(1, 101):
        pull(data_address, request(store, "raced"), readers=1)
        meter = gateway.meter().of(BUCKET, "raced")
        assert (meter.get_bytes, meter.gets, meter.in_flight) == (1000 * number, number, 0)


def test_refused_answers_and_heads_are_no_origin_bytes(gateway: Gateway, data_address: Address) -> None:
    for method in ("GET", "HEAD", "PUT"):
        connection = http.client.HTTPConnection(data_address.host, data_address.port)
        connection.request(method, "/bucket/refused", body=b"12345" if method == "PUT" else None)
        assert connection.getresponse().status == 403
        connection.close()

    assert difference(ObjectMeter(), gateway.meter().of(BUCKET, "refused")) == (0, 1, 1, 2)


def test_a_reader_that_hangs_up_costs_what_was_pulled_for_it(
    gateway: Gateway, store: MinioStore, data_address: Address
) -> None:
    size = 64 << 20
    store.put(BUCKET, "left", seed="m", size=size)
    gateway.limits(bytes_per_second=20e6)
    with socket.create_connection((data_address.host, data_address.port)) as connection:
        connection.sendall(request(store, "left"))
        received = len(connection.recv(1_000_000, socket.MSG_WAITALL))
        assert gateway.meter().of(BUCKET, "left").in_flight == 1
    meter = gateway.meter().of(BUCKET, "left")
    deadline = time.monotonic() + 5
    while meter.in_flight and time.monotonic() < deadline:
        meter = gateway.meter().of(BUCKET, "left")

    assert (meter.gets, meter.in_flight, meter.errors) == (1, 0, 1)
    assert received - 1000 < meter.get_bytes < size / 4


Wait = Callable[[str, int, float], None]


@pytest.fixture
def answers(gateway: Gateway) -> list[float | str]:
    return []


def waiter(
    gateway: Gateway, answers: list[float | str], name: str, *, parties: int, seconds: float
) -> threading.Thread:
    def wait() -> None:
        try:
            answers.append(gateway.barrier(name, parties=parties, seconds=seconds))
        except InfrastructureError as error:
            answers.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_barrier_lets_all_go_at_once_and_can_be_used_again(gateway: Gateway, answers: list[float | str]) -> None:
    for number in (1, 2):
        before = time.time()
        threads = [waiter(gateway, answers, "all", parties=100, seconds=20) for _ in range(99)]
        assert not [answer for answer in answers[100 * (number - 1) :] if answer]
        threads.append(waiter(gateway, answers, "all", parties=100, seconds=20))
        for thread in threads:
            thread.join()
        assert len(answers) == 100 * number
        released = set(answers[-100:])
        assert len(released) == 1, released
        assert before <= float(released.pop()) <= time.time()


def test_a_barrier_gives_up_and_counts_nobody_who_left(gateway: Gateway, answers: list[float | str]) -> None:
    waiter(gateway, answers, "late", parties=3, seconds=0.3).join()
    assert "barrier late: 1 of 3 parties came within 0.3 s" in str(answers[0])

    # Somebody who hangs up while waiting is forgotten as well: two more are not three.
    parts = gateway.url.removeprefix("http://").split(":")
    with socket.create_connection((parts[0], int(parts[1]))) as connection:
        connection.sendall(b"POST /barrier/late?parties=3&timeout=30 HTTP/1.1\r\nHost: x\r\n\r\n")
        threading.Event().wait(0.3)
    threading.Event().wait(0.5)
    threads = [waiter(gateway, answers, "late", parties=3, seconds=1) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert [("of 3 parties" in str(answer)) for answer in answers[1:]] == [True, True], answers


def test_a_barrier_refuses_those_who_expect_others(gateway: Gateway, answers: list[float | str]) -> None:
    first = waiter(gateway, answers, "odd", parties=2, seconds=5)
    threading.Event().wait(0.3)
    waiter(gateway, answers, "odd", parties=3, seconds=5).join()
    assert "barrier odd: others expect 2 parties, not 3" in str(answers[0])
    waiter(gateway, answers, "odd", parties=2, seconds=5).join()
    first.join()
    assert isinstance(answers[2], float)


def test_what_the_admin_side_does_not_know_it_says(launch: Callable[..., Launched], store: MinioStore) -> None:
    launched = launch(store.listen)
    with pytest.raises(InfrastructureError, match=r"GET /unknown: GET /unknown is none of: GET /meter"):
        launched.gateway._ask("GET", "/unknown")
    with pytest.raises(InfrastructureError, match="lacks parties=N"):
        launched.gateway._ask("POST", "/barrier/x")
    launched.host.end()
    assert not launched.gateway.healthy()
    with pytest.raises(InfrastructureError, match=r"origin gateway at 127.*GET /meter: .*refused; see its log"):
        launched.gateway.meter()
