"""Whether this machine had its hands free while something was measured."""

import os
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
BUSY_WITH_OTHERS = 0.1  # of all cores: from here on a figure says more about the others


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and all its threads have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


@dataclass(kw_only=True)
class Load:
    """What others did meanwhile; filled in at the end."""

    others: float = 0.0  # share of all cores

    @property
    def contended(self) -> bool:
        return self.others > BUSY_WITH_OTHERS


@contextmanager
def watched(pids: Sequence[int]) -> Iterator[Load]:
    """Measure how much CPU went to processes other than `pids`, this one and its ended children."""

    def ours() -> float:
        usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(cpu_seconds(pid) for pid in pids) + sum(one.ru_utime + one.ru_stime for one in usage)

    load = Load()
    began, mine, all_of_it = time.monotonic(), ours(), _busy()
    yield load
    seconds = time.monotonic() - began
    load.others = max(0.0, _busy() - all_of_it - (ours() - mine)) / (seconds * (os.cpu_count() or 1))


def _busy() -> float:
    user, nice, system, _, _, irq, softirq, steal, *_ = map(int, Path("/proc/stat").read_text().split()[1:11])
    return (user + nice + system + irq + softirq + steal) * TICK
