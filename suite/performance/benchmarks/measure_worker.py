"""A worker's serving of what it has: against nginx over the same files, and over its own two transports."""

import itertools
import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from fixtures.implementations.data_plane import DataPlane, NotOffered, Worker
from suite.performance.benchmarks.content import Content, expect_right
from suite.performance.benchmarks.http_client import HttpClient, Traffic, Where
from suite.performance.benchmarks.nginx import Nginx
from suite.performance.benchmarks.rounds import Benchmark, Sample, Side, capacity, compare
from suite.performance.gates import UNIX, WORKER_BULK, WORKER_SMALL

SEED = 4711
OFFSETS = 65536  # drawn beforehand, so that the client has nothing to do between requests
LIMIT = "where our client is the limit by the server's own running time, without the time that others took from either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a client asks for in a window."""

    length: int  # bytes of each range
    connections: int
    seconds: float

    def window(self, client: HttpClient, offsets: Iterator[int], *, drop: bool = False) -> Traffic:
        """Read for a window."""
        return client.window(self.seconds, length=self.length, offsets=offsets.__next__, drop=drop)


BULK = Load(length=4 << 20, connections=8, seconds=0.08)
LONG = Load(length=16 << 20, connections=8, seconds=0.08)
SMALL = Load(length=4 << 10, connections=32, seconds=0.06)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The warm object, as somebody serves it."""

    name: str
    where: Where
    target: str
    pid: int
    content: Content

    @contextmanager
    def client(self, connections: int) -> Iterator[HttpClient]:
        """Open connections, once every byte has been read and compared over one of them."""
        with closing(self._open(1)) as thorough:
            wrong = thorough.whole().wrong
        expect_right(self.name, wrong)
        with closing(self._open(connections)) as opened:
            yield opened

    def _open(self, connections: int) -> HttpClient:
        return HttpClient(self.where, target=self.target, content=self.content, pid=self.pid, connections=connections)


@pytest.fixture
def by_worker(data_plane: DataPlane, worker: Worker, warm: Content) -> Served:
    """Return the object as the worker serves it over TCP."""
    return Served(
        name="worker", where=worker.address, target=data_plane.target(warm.item.key), pid=worker.pid, content=warm
    )


@pytest.fixture
def by_nginx(anchor: Nginx, warm: Content) -> Served:
    """Return the object as nginx serves it from the worker's own file."""
    return Served(name=anchor.version, where=anchor.address, target=anchor.target, pid=anchor.pid, content=warm)


def in_order(content: Content, length: int) -> Iterator[int]:
    """Return offsets that go through the object again and again."""
    return itertools.cycle(range(0, content.size - length + 1, length))


def at_random(content: Content, length: int) -> Iterator[int]:
    """Return offsets that jump, the same ones in every run."""
    drawn = random.Random(SEED).choices(range(0, content.size - length + 1, length), k=OFFSETS)  # noqa: S311 - no secret
    return itertools.cycle(drawn)


def test_worker_against_nginx_in_bulk(benchmark: Benchmark, by_worker: Served, by_nginx: Served, place: str) -> None:
    def sample(client: HttpClient) -> Sample:
        traffic = BULK.window(client, offsets, drop=True)
        return capacity(traffic, traffic.bytes)

    offsets = in_order(by_worker.content, BULK.length)
    with by_worker.client(BULK.connections) as ours, by_nginx.client(BULK.connections) as theirs:
        compare(
            benchmark,
            WORKER_BULK,
            numerator=Side(name=by_worker.name, sample=lambda: sample(ours)),
            denominator=Side(name=by_nginx.name, sample=lambda: sample(theirs)),
            unit="byte/s",
            how=f"{BULK.connections} connections over TCP on loopback, ranges of 4 MiB in order, the same warm file on "
            f"both sides, {place}; body bytes per second, {LIMIT}",
        )


def test_worker_against_nginx_at_small_ranges(
    benchmark: Benchmark, by_worker: Served, by_nginx: Served, place: str
) -> None:
    def sample(client: HttpClient) -> Sample:
        traffic = SMALL.window(client, offsets)
        return capacity(traffic, traffic.answers)

    offsets = at_random(by_worker.content, SMALL.length)
    with by_worker.client(SMALL.connections) as ours, by_nginx.client(SMALL.connections) as theirs:
        compare(
            benchmark,
            WORKER_SMALL,
            numerator=Side(name=by_worker.name, sample=lambda: sample(ours)),
            denominator=Side(name=by_nginx.name, sample=lambda: sample(theirs)),
            unit="requests/s",
            how=f"{SMALL.connections} connections over TCP on loopback, random ranges of 4 KiB, the same warm file on "
            f"both sides, {place}; answers per second, {LIMIT}",
        )


def test_unix_socket_against_tcp(benchmark: Benchmark, by_worker: Served, worker: Worker, place: str) -> None:
    def sample(client: HttpClient) -> Sample:
        traffic = LONG.window(client, offsets, drop=True)
        return capacity(traffic, traffic.bytes)

    if worker.socket is None:
        raise NotOffered("the worker serves over TCP only")
    beside = Served(
        name="unix", where=worker.socket, target=by_worker.target, pid=worker.pid, content=by_worker.content
    )
    offsets = in_order(by_worker.content, LONG.length)
    with beside.client(LONG.connections) as near, by_worker.client(LONG.connections) as far:
        compare(
            benchmark,
            UNIX,
            numerator=Side(name="unix", sample=lambda: sample(near)),
            denominator=Side(name="tcp", sample=lambda: sample(far)),
            unit="byte/s",
            how=f"the same worker, {LONG.connections} connections on each, ranges of 16 MiB in order, warm, {place}; "
            f"body bytes per second that the client does not copy, {LIMIT}",
        )
