"""The OSS door is no bottleneck: far above every declared cap, and cheap for the CPU that readers need too."""

import statistics
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from machine import cpu_seconds, watched
from pulling import request as s3_request
from test_gateway_speed import ROUNDS, Round, measure

from fixtures.gateway.client import Gateway
from fixtures.stores import Address
from fixtures.stores.minio import MinioStore
from fixtures.stores.oss.store import OssStore

LEAST_BYTES_PER_SECOND = 4e8  # 4 times the declared cap of a run
FLOOR = 0.6  # of what goes by the gateway alone: each byte is moved once more, on the same cores
MOST_CPU_SECONDS = 0.6  # of the door itself, for each GB


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The two ways to one object, and everyone on them."""

    gateway: Address
    by_s3: bytes  # signed requests for the whole object
    door: Address
    by_oss: bytes
    door_pid: int
    pids: dict[str, int]


@pytest.fixture
def ways(
    store: MinioStore, oss_store: OssStore, data_address: Address, large: str, request: pytest.FixtureRequest
) -> Ways:
    here, url = urlsplit(oss_store.endpoint_here), urlsplit(oss_store.presign("bucket", large, seconds=600))
    head = f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n"
    pid = request.getfixturevalue("door_host").processes["oss-door"].pid
    return Ways(
        gateway=data_address,
        by_s3=s3_request(store, large),
        door=Address(host=here.hostname or "", port=here.port or 0),
        by_oss=head.encode(),
        door_pid=pid,
        pids=request.getfixturevalue("pids") | {"door": pid},
    )


@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize("readers", [1, 8])
def test_uncapped_it_is_far_above_every_cap_and_cheap(ways: Ways, readers: int) -> None:
    by_s3, by_oss = list[Round](), list[Round]()
    spent = 0.0
    with watched([*ways.pids.values()]) as load:
        for _ in range(ROUNDS):
            by_s3.append(measure(ways.gateway, ways.by_s3, readers=readers, pids=ways.pids))
            before = cpu_seconds(ways.door_pid)
            by_oss.append(measure(ways.door, ways.by_oss, readers=readers, pids=ways.pids))
            spent += cpu_seconds(ways.door_pid) - before
    ratio = statistics.median(ours.rate / theirs.rate for theirs, ours in zip(by_s3, by_oss, strict=True))
    rate = statistics.median(one.rate for one in by_oss)
    cpu = spent / (ROUNDS * readers * (256 << 20) / 1e9)
    work = [1e9 * statistics.median(one.cpu for one in rounds) for rounds in (by_s3, by_oss)]
    print(  # noqa: T201 - figures to be seen with -s
        f"\n{readers} readers of 256 MiB: gateway {statistics.median(one.rate for one in by_s3) / 1e6:.0f} MB/s, door"
        f" and gateway {rate / 1e6:.0f} MB/s, ratio {ratio:.2f} (median of {ROUNDS}); CPU seconds per GB: the door"
        f" {cpu:.2f}, all together {work[1]:.2f} instead of {work[0]:.2f}; others used {load.others:.0%} of the machine"
    )
    assert cpu <= MOST_CPU_SECONDS
    # Where others take the CPU, rates say nothing. The work does not change.
    assert (ratio >= FLOOR and rate >= LEAST_BYTES_PER_SECOND) or load.contended, (ratio, rate)


def test_the_cap_is_reached_through_the_door(ways: Ways, gateway: Gateway) -> None:
    cap = 100e6
    gateway.limits(bytes_per_second=cap)
    with watched([*ways.pids.values()]) as load:
        seen = measure(ways.door, ways.by_oss, readers=2, pids=ways.pids)
    gateway.limits(bytes_per_second=0)
    print(f"\n2 readers: {seen.rate / cap:.3f} of the cap, others used {load.others:.0%} of the machine")  # noqa: T201

    assert seen.rate <= 1.02 * cap
    assert seen.rate >= 0.95 * cap or load.contended
