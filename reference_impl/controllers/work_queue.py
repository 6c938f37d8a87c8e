"""A queue of keys with delays and back-off, in the manner of client-go's.

Rule: a key is worked on by one thread at a time; what arrives meanwhile is worked on once more afterwards, never lost.
"""

import threading
import time
from typing import NamedTuple

FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.005, 1000.0


class Key(NamedTuple):
    """What reconciliation is about: one namespace and name; Dataset and runtime share theirs."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class WorkQueue:
    """Keys that wait for work, each at most once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[Key, float] = {}  # monotonic seconds
        self._active: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._closed = False

    def add(self, key: Key, after: float = 0.0) -> None:
        """Ask for work on a key in `after` seconds; of two wishes the earlier one counts."""
        with self._changed:
            due = time.monotonic() + after
            self._due[key] = min(due, self._due.get(key, due))
            self._changed.notify_all()

    def retry(self, key: Key) -> float:
        """Ask for work again after the key's back-off, which doubles with each call; return its seconds."""
        with self._changed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
        delay = min(FIRST_RETRY_SECONDS * 2.0 ** min(failures, 30), LAST_RETRY_SECONDS)
        self.add(key, delay)
        return delay

    def forget(self, key: Key) -> None:
        """Reset the key's back-off after a success."""
        with self._changed:
            self._failures.pop(key, None)

    def take(self) -> Key | None:
        """Wait for a key that is due and reserve it for the caller, who owes `done`; None once closed."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                waiting = [(due, key) for key, due in self._due.items() if key not in self._active]
                if waiting and min(waiting)[0] <= now:
                    key = min(waiting)[1]
                    del self._due[key]
                    self._active.add(key)
                    return key
                self._changed.wait(min(waiting)[0] - now if waiting else None)
            return None

    def done(self, key: Key) -> None:
        """Give a key back."""
        with self._changed:
            self._active.discard(key)
            self._changed.notify_all()

    def close(self) -> None:
        """Let every `take` return None from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
