"""The generator watches itself: how late its event loop is, and how much of the processors its own code takes.

Rule: processor time is that of its own code. What the kernel does inside a read is the reading, not the generator.
"""

import os
import resource
import time

import gevent
from histogram import Histogram

BEAT_SECONDS = 0.005


class Pulse:
    """Beats while a phase runs."""

    def __init__(self) -> None:
        self.lags = Histogram()
        self._began, self._used = time.perf_counter(), _own_seconds()
        self._beating = gevent.spawn(self._beat)

    def _beat(self) -> None:
        while True:
            due = time.perf_counter() + BEAT_SECONDS
            gevent.sleep(BEAT_SECONDS)
            self.lags.record(max(0.0, time.perf_counter() - due))

    def stop(self) -> float:
        """Stop beating; return the share of all processors that the generator's own code took, 0 to 1."""
        self._beating.kill()
        seconds = time.perf_counter() - self._began
        return (_own_seconds() - self._used) / (seconds * (os.cpu_count() or 1))


def _own_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime
