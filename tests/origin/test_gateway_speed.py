"""Uncapped, the gateway is no bottleneck: at least 0.7 of what a reader gets from the store itself."""

import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from loopback import die_with_parent
from machine import cpu_seconds, watched
from pulling import request

from fixtures.stores import Address
from fixtures.stores.minio import MinioStore

FLOOR = 0.7
ROUNDS = 5

# Readers are a process of their own: sharing pytest's lock would measure pytest.
READERS = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pulling import pull
from fixtures.stores import Address
host, port = sys.argv[2].split(":")
began = time.process_time()
done = pull(Address(host=host, port=int(port)), sys.stdin.buffer.read(), readers=int(sys.argv[3]))
used = time.process_time() - began
print(sum(one.bytes for one in done), max(one.seconds for one in done), used)
"""


@dataclass(frozen=True, kw_only=True)
class Round:
    """All readers once."""

    rate: float  # bytes per second
    cpu: float  # seconds per byte, of everyone on the way


def measure(address: Address, head: bytes, *, readers: int, pids: dict[str, int]) -> Round:
    before = sum(map(cpu_seconds, pids.values()))
    done = subprocess.run(
        [sys.executable, "-c", READERS, str(Path(__file__).parent), str(address), str(readers)],
        input=head,
        capture_output=True,
        check=True,
        preexec_fn=die_with_parent,
    )
    count, seconds, used = map(float, done.stdout.split())
    return Round(rate=count / seconds, cpu=(sum(map(cpu_seconds, pids.values())) - before + used) / count)


@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize("readers", [1, 8])
def test_uncapped_it_gives_at_least_seven_tenths_of_a_direct_read(
    store: MinioStore, data_address: Address, large: str, readers: int, pids: dict[str, int]
) -> None:
    head = request(store, large)
    direct, through = [], []
    with watched([*pids.values()]) as load:
        for _ in range(ROUNDS):
            direct.append(measure(store.listen, head, readers=readers, pids=pids))
            through.append(measure(data_address, head, readers=readers, pids=pids))
    ratios = [ours.rate / theirs.rate for theirs, ours in zip(direct, through, strict=True)]
    ratio = statistics.median(ratios)
    work = sum(one.cpu for one in direct) / sum(one.cpu for one in through)
    print(  # noqa: T201 - figures to be seen with -s
        f"\n{readers} readers of 256 MiB: direct {statistics.median(one.rate for one in direct) / 1e6:.0f} MB/s,"
        f" gateway {statistics.median(one.rate for one in through) / 1e6:.0f} MB/s,"
        f" ratio {ratio:.2f} (median of {ROUNDS}, {min(ratios):.2f} to {max(ratios):.2f}), work {work:.2f},"
        f" others used {load.others:.0%} of the machine"
    )
    # Where others take the CPU, the longer way loses more often, and rates say nothing. The work does not change.
    assert ratio >= FLOOR or (load.contended and work >= FLOOR), ratios
