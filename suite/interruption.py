"""Ctrl-C and SIGTERM: the first one ends a run in order, the next ones do not disturb that end.

Rule: a signal becomes one KeyboardInterrupt; while it is being obeyed further ones are held back, but never for longer
than HELD_SECONDS, so that an end that hangs can still be ended by hand.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

HELD_SECONDS = 30.0  # taking everything down takes less than 10


class Interruption:
    """What SIGINT and SIGTERM do to this process."""

    def __init__(self) -> None:
        self._held_until = 0.0
        self._previous: dict[signal.Signals, Any] = {}
        self.by = ""  # SIGINT or SIGTERM once one came
        self.obeyed = False  # the run is ending for it

    def catch(self) -> None:
        """Take both signals over, from the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM):
            # A shell starts what runs in its background with SIGINT ignored: that Ctrl-C is for somebody else.
            if number is signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._hear)

    def release(self) -> None:
        """Give both signals back; after one came, this process is about to end, and shall end with its exit code."""
        for number, handler in self._previous.items():
            signal.signal(number, signal.SIG_IGN if self.by else handler)
        self._previous.clear()

    def hold(self) -> None:
        """Hold back what comes from now on: the run is ending."""
        self._held_until = time.monotonic() + HELD_SECONDS

    def insist(self) -> None:
        """Interrupt again if the first time was lost: whatever ran just then may have caught it, as callbacks do."""
        if self.by and not self.obeyed:
            raise KeyboardInterrupt(self.by)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Let signals through for a while, although the run is ending."""
        self._held_until = 0.0
        self.insist()
        yield
        self.hold()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if time.monotonic() < self._held_until:
            return
        self.hold()
        self.by = signal.Signals(number).name
        raise KeyboardInterrupt(self.by)
