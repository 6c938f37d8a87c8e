"""Quiet: what is measured runs alone, everything else side by side.

Rule: each test holds the lock of the run shared, and a measurement holds it alone; so under xdist no test reads
from the origin, or takes the processor, while another one's seconds count. A process holds one lock at a time.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "quiet.lock"


class Quiet:
    """The lock of one run, in the run's own directory; it ends with whoever holds it."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        self._descriptor: int | None = None

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the lock together with others while the enclosed part runs."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
            yield
        finally:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock alone; what others began before is waited for."""
        if self._descriptor is None:
            with self.shared(), self.alone():
                yield
            return
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)  # gives the shared one up first: two who want this don't block
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
