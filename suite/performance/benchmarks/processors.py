"""Processors: who runs where, and how long each has really run.

Rule: servers get one processor and the client another, so that neither side of a comparison is moved about by the
scheduler; a process inherits the place of whoever starts it. Time that others took is known, and belongs to no side.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NEEDED = 2
IDLE, WAITING_FOR_DISKS = 3, 4  # columns of /proc/stat
_CLOCK_SCHEDULED = 2  # CPUCLOCK_SCHED
AUTOGROUP = Path("/proc/self/autogroup")  # only where the kernel makes such groups
NICE = -10  # nine tenths of a processor that others want too; what the cluster around us needs fits into the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """One processor for servers, one for the client."""

    server: int
    client: int
    priority: str = ""  # of both, in words

    @classmethod
    def choose(cls) -> "Cores | None":
        """Take the first two that we may use; None where there is only one."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(server=allowed[0], client=allowed[1]) if len(allowed) >= NEEDED else None

    def __str__(self) -> str:
        """Return it in words."""
        return f"servers pinned to processor {self.server}, client to {self.client}, {self.priority}"


@contextmanager
def placed(core: int) -> Iterator[None]:
    """Run on one processor while the enclosed part lasts, with everything that it starts."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What somebody's time on the processors was, in seconds; what is left of the wall clock it slept."""

    running: float
    waiting: float  # it could have run, but others did

    def since(self, earlier: "Spent") -> "Spent":
        """Return what was spent between two readings."""
        return Spent(running=self.running - earlier.running, waiting=self.waiting - earlier.waiting)


def spent_by(pid: int) -> Spent:
    """Return what all threads of a process have spent."""
    waits = [file.read_text().split()[1] for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return Spent(running=time.clock_gettime(_clock_of(pid)), waiting=sum(map(int, waits)) / 1e9)


def spent_here() -> Spent:
    """Return what this thread has spent."""
    waiting = Path("/proc/thread-self/schedstat").read_text().split()[1]
    return Spent(running=time.thread_time(), waiting=int(waiting) / 1e9)


class Others:
    """How much of the machine's processors others used while we measured; ours are all processes that we can see."""

    def __init__(self) -> None:
        self._before = self._look()

    def share(self) -> float:
        """Return it since the beginning, from 0 to 1."""
        total, busy, ours = (now - then for now, then in zip(self._look(), self._before, strict=True))
        return max(0.0, busy - ours) / total if total else 0.0

    @staticmethod
    def _look() -> tuple[float, float, float]:
        ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        ours = 0.0
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                ours += time.clock_gettime(_clock_of(int(process.name)))
        idle = ticks[IDLE] + ticks[WAITING_FOR_DISKS]
        second = os.sysconf("SC_CLK_TCK")
        return sum(ticks) / second, (sum(ticks) - idle) / second, ours


def _clock_of(pid: int) -> int:
    """Return the clock of a process's running time as clock_getcpuclockid(3) makes it; /proc is behind by a tick."""
    return (~pid << 3) | _CLOCK_SCHEDULED


def come_first() -> str:
    """Run before others where that is allowed, with everything that we start; return in words what came of it.

    Linux may share processors out among sessions first and among a session's processes then: both have to be said.
    """
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        if AUTOGROUP.exists():
            AUTOGROUP.write_text(str(NICE))
    return f"at nice {os.getpriority(os.PRIO_PROCESS, 0)}"
