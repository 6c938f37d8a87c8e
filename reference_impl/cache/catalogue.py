"""The catalogue: the newest tree of names, listed from the origin when somebody needs a newer one.

Rule: one listing at a time, made by one thread, for everybody who waits. A tree is good for a short while
(longer where listing takes long); a name that it lacks is looked for in a newer one before it is missing.
While the origin is away the last tree is shown; when the origin says no, that is the answer.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_impl.cache.errors import Cause, OriginError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_impl.cache.tree import Entry, Tree

_log = logging.getLogger(__name__)

_GOOD_FOR = 2.0  # seconds: the answers of one tree
_MISSES_GOOD_FOR = 0.5  # seconds: "there is no such name"
_FAILURE_GOOD_FOR = 1.0  # seconds: an origin that failed is not asked again at once
_COST_FACTOR = 10  # listing takes at most a tenth of one thread, however large the bucket
_PATIENCE = 15.0  # seconds to wait for the first tree
_PATIENCE_WITH_TREE = 3.0  # … and for a newer one, when there is one to show


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One listing, good or not; times are of the monotonic clock."""

    started: float
    ended: float
    error: OriginError | None


class Catalogue:
    """Answers what lies where; thread-safe. The owner calls start() once and stop() once."""

    def __init__(self, listing: Callable[[], Tree]) -> None:
        self._listing = listing
        self._changed = threading.Condition()
        self._wanted = True  # the first tree is wanted from the start
        self._stopped = False
        self._tree: Tree | None = None
        self._tree_started = 0.0
        self._tree_cost = 0.0
        self._attempt: _Attempt | None = None
        self._thread = threading.Thread(target=self._run, name="catalogue", daemon=True)

    def start(self) -> None:
        """Begin with the first listing."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End the thread; a listing that hangs longer than the given time is left to the process's end."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(seconds)

    @property
    def tree(self) -> Tree | None:
        """The last tree, however old; None before the first."""
        return self._tree

    @property
    def error(self) -> OriginError | None:
        """Why the last listing failed; None after a good one."""
        attempt = self._attempt
        return attempt.error if attempt else None

    @property
    def tried(self) -> bool:
        """Whether the origin has been asked at least once, with whatever outcome."""
        return self._attempt is not None

    def stat(self, path: str, *, newest: bool = False) -> Entry | None:
        """Return the entry at a path, None when the origin has none; OriginError when that can't be known.

        With `newest` nothing that was listed before this call counts.
        """
        now = time.monotonic()
        entry = self._tree_since(now if newest else now - self._scaled(_GOOD_FOR)).find(path)
        if entry is None:
            entry = self._tree_since(now - self._scaled(_MISSES_GOOD_FOR)).find(path)
        return entry

    def children(self, path: str) -> list[Entry] | None:
        """Return the entries of a directory by name; None when there is no such directory."""
        now = time.monotonic()
        entries = self._tree_since(now - self._scaled(_GOOD_FOR)).directories.get(path)
        if entries is None:
            entries = self._tree_since(now - self._scaled(_MISSES_GOOD_FOR)).directories.get(path)
        return None if entries is None else [entries[name] for name in sorted(entries)]

    def _scaled(self, seconds: float) -> float:
        return max(seconds, self._tree_cost * _COST_FACTOR)

    def _tree_since(self, moment: float) -> Tree:
        """Return a tree whose listing began at or after the moment, or what has to do instead."""
        deadline = time.monotonic() + (_PATIENCE_WITH_TREE if self._tree else _PATIENCE)
        with self._changed:
            while not self._answered(moment):
                self._wanted = True
                self._changed.notify_all()
                if not self._changed.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    break
            error = self._attempt.error if self._attempt else None
            if self._tree is None or (error and error.cause is Cause.DENIED):
                raise error or OriginError(Cause.UNAVAILABLE, "the origin's listing takes too long")
            return self._tree

    def _answered(self, moment: float) -> bool:
        if self._tree is not None and self._tree_started >= moment and self.error is None:
            return True
        attempt = self._attempt
        if attempt is None or attempt.error is None:
            return False
        return attempt.started >= moment or time.monotonic() - attempt.ended < _FAILURE_GOOD_FOR

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._wanted or self._stopped):
                    # Without a first tree nobody may ever ask, yet readiness waits for it: try again.
                    again = None if self._tree else _FAILURE_GOOD_FOR
                    if not self._changed.wait(again) and again:
                        break
                if self._stopped:
                    return
            self._refresh()

    def _refresh(self) -> None:
        started = time.monotonic()
        tree: Tree | None = None
        error: OriginError | None = None
        try:
            tree = self._listing()
        except OriginError as failure:
            error = failure
        ended = time.monotonic()
        previous = self.error
        if error and (previous is None or str(previous) != str(error)):
            _log.warning("listing the origin failed: %s", error)
        with self._changed:
            self._wanted = False
            self._attempt = _Attempt(started=started, ended=ended, error=error)
            if tree is not None:
                self._tree, self._tree_started, self._tree_cost = tree, started, ended - started
            self._changed.notify_all()
