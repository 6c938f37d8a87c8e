"""The generator watches itself: how late its event loop is, and how much of the processors its own code takes.

Rule: what is counted is its own doing. Waiting for a processor that others have is the machine's, which a reader of
one's own would meet as well; what the kernel does inside a read is the reading.
"""

import os
import resource
import time
from pathlib import Path

import gevent
from histogram import Histogram

BEAT_SECONDS = 0.005
SCHEDULER = Path("/proc/thread-self/schedstat")  # ns on a processor, ns of waiting for one, slices


class Pulse:
    """Beats while a phase runs."""

    def __init__(self) -> None:
        self.lags = Histogram()
        self._began, self._used = time.perf_counter(), _own_seconds()
        self._beating = gevent.spawn(self._beat)

    def _beat(self) -> None:
        while True:
            due, waited = time.perf_counter() + BEAT_SECONDS, _waited_seconds()
            gevent.sleep(BEAT_SECONDS)
            late = time.perf_counter() - due
            self.lags.record(max(0.0, late - (_waited_seconds() - waited)))

    def stop(self, readers_seconds: float) -> float:
        """Stop beating; return the share (0 to 1) of all processors that own code took, with that of the readers."""
        self._beating.kill()
        seconds = time.perf_counter() - self._began
        return (_own_seconds() - self._used + readers_seconds) / (seconds * len(os.sched_getaffinity(0)))


def _own_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def _waited_seconds() -> float:
    """Return how long this thread has been ready to run and did not; 0 where the kernel does not count it."""
    try:
        return int(SCHEDULER.read_text().split()[1]) / 1e9
    except FileNotFoundError:
        return 0.0
