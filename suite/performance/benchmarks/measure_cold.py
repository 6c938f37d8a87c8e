"""Cold reads: how close to the origin's cap, and at what cost when many readers want the same.

Rule: a read is cold only where the origin meter says that it cost the object's bytes.
"""

from contextlib import closing
from dataclasses import dataclass

import pytest

from fixtures.gateway.client import Gateway
from fixtures.implementations.data_plane import DataPlane, Worker
from suite.errors import NotApplicable, Void
from suite.origin import SeededObject
from suite.performance.benchmarks.content import Content
from suite.performance.benchmarks.http_client import HttpClient, Traffic
from suite.performance.benchmarks.processors import Cores, Others
from suite.performance.benchmarks.rounds import Benchmark
from suite.performance.comparison import Comparison, Round
from suite.performance.gates import COLD, FAN_IN
from suite.performance.plan import Plan

CROWD = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdReader:
    """Reads objects through the worker, each for the first time, and looks at the meter."""

    worker: Worker
    data_plane: DataPlane
    meter: Gateway

    def read(self, item: SeededObject, *, readers: int) -> tuple[Traffic, int]:
        """Read the whole object with that many readers at once; return also what it cost the origin, in bytes."""
        content = Content(item)
        before = self.meter.meter().of(item.bucket, item.key).get_bytes
        client = HttpClient(
            self.worker.address,
            target=self.data_plane.target(item.key),
            content=content,
            pid=self.worker.pid,
            connections=readers,
        )
        with closing(client):
            traffic = client.whole()
        after = self.meter.meter().of(item.bucket, item.key)
        if after.in_flight:
            raise Void(f"{after.in_flight} answers for {item.key} are still under way when all readers have ended")
        return traffic, after.get_bytes - before


@pytest.fixture
def reader(worker: Worker, data_plane: DataPlane, meter: Gateway) -> ColdReader:
    """Return a reader of what the worker does not have yet."""
    return ColdReader(worker=worker, data_plane=data_plane, meter=meter)


def test_cold_against_the_cap(benchmark: Benchmark, plan: Plan, reader: ColdReader, cores: Cores) -> None:
    limits = reader.meter.limits()
    if not limits.bytes_per_second:
        raise NotApplicable("the origin has no declared cap (--fluid-origin-rate=0): there is nothing to compare with")
    rounds: list[Round] = []
    wrong: list[str] = []
    left = iter(plan.cold)

    def cold() -> None:
        item = next(left)
        traffic, cost = reader.read(item, readers=1)
        if cost != item.size:
            raise Void(f"reading {item.size} bytes cost the origin {cost}: that was not cold")
        wrong.append(traffic.wrong)
        rounds.append(Round(numerator=(traffic.bytes / traffic.seconds,), denominator=(limits.bytes_per_second,)))

    others = Others()
    benchmark.pedantic(cold, rounds=len(plan.cold))
    size = plan.cold[0].size
    how = (
        f"1 reader over TCP, a new object of {size} bytes each round, from the request to the last byte, of which "
        f"{limits.first_byte_seconds:g} s are the origin's delay; {cores}; every byte compared"
    )
    found = Comparison(
        gate=COLD.name,
        numerator="cold",
        denominator="cap",
        unit="byte/s",
        how=how,
        rounds=tuple(rounds),
        wrong=next(filter(None, wrong), ""),
        others=others.share(),
    )
    benchmark.extra_info["comparison"] = found.as_data()  # nothing is repeated, as nothing is cold twice


def test_cold_fan_in(benchmark: Benchmark, plan: Plan, reader: ColdReader) -> None:
    rounds: list[Round] = []
    wrong: list[str] = []
    left = iter(plan.crowd)

    def crowd() -> None:
        item = next(left)
        traffic, cost = reader.read(item, readers=CROWD)
        wrong.append(traffic.wrong)
        if traffic.bytes != CROWD * item.size:
            raise Void(f"{CROWD} readers of {item.size} bytes got {traffic.bytes} bytes in all")
        rounds.append(Round(numerator=(float(cost),), denominator=(float(item.size),)))

    others = Others()
    benchmark.pedantic(crowd, rounds=len(plan.crowd))
    how = (
        f"{CROWD} readers over TCP that begin together, a new object each round; body bytes of GET answers at the "
        "origin, by its meter; exact in every round, every byte of every reader compared"
    )
    found = Comparison(
        gate=FAN_IN.name,
        numerator="origin",
        denominator="distinct",
        unit="byte",
        how=how,
        rounds=tuple(rounds),
        wrong=next(filter(None, wrong), ""),
        others=others.share(),
    )
    benchmark.extra_info["comparison"] = found.as_data()
