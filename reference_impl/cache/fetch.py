"""Fetching: a few threads, each with its own connection to the origin, that bring blocks into the store.

Rule: the threads know neither quota nor readers. They take one transfer at a time and report how it ended;
the thread that serves decides everything else.

After a pause, guesses are fetched on one connection first and on one more for each few pieces that have landed. An
origin that is at its limit serves all connections alike: those that begin together also end together, so readers
would wait for four blocks instead of for one, and then be given four at once.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from reference_impl.cache.errors import OriginError
from reference_impl.cache.origin_reader import OriginReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reference_impl.cache.origin_reader import Transfer

_PIECES_FOR_ANOTHER = 2  # of a MiB: half a block

Label = TypeVar("Label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Generic[Label]):
    """How a transfer ended: `error` is None when all of it is in the file."""

    label: Label
    transfer: Transfer
    error: OriginError | None


class Fetchers(Generic[Label]):
    """A fixed number of fetching threads. start(), busy and finished() belong to one thread, the caller's."""

    def __init__(self, count: int, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._jobs: queue.SimpleQueue[tuple[Label, Transfer] | None] = queue.SimpleQueue()
        self._finished: deque[Finished[Label]] = deque()
        self._readers = [OriginReader(self._landed) for _ in range(count)]
        self._busy = 0
        self._pieces = 0  # that have landed since the last pause
        self._threads = [
            threading.Thread(target=self._run, args=(reader,), name=f"fetch-{index}", daemon=True)
            for index, reader in enumerate(self._readers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> int:
        """How many transfers have not been told as finished yet."""
        return self._busy

    @property
    def idle(self) -> int:
        """How many transfers can be started at once."""
        return len(self._threads) - self._busy

    @property
    def idle_for_guesses(self) -> int:
        """How many transfers of what nobody waits for yet can be started at once."""
        return min(len(self._threads), 1 + self._pieces // _PIECES_FOR_ANOTHER) - self._busy

    def start(self, label: Label, transfer: Transfer) -> None:
        """Begin a transfer; finished() gives the label back when it is over."""
        self._busy += 1
        self._jobs.put((label, transfer))

    def rest(self) -> None:
        """Note that nothing is left to fetch: what comes next begins on one connection again."""
        self._pieces = 0

    def finished(self) -> Iterator[Finished[Label]]:
        """All transfers that have ended since the last call."""
        while self._finished:
            self._busy -= 1
            yield self._finished.popleft()

    def stop(self, seconds: float) -> None:
        """Break off all transfers; a thread that the kernel holds longer than that ends with the process."""
        for reader in self._readers:
            reader.close()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(seconds / len(self._threads))

    def _landed(self) -> None:
        self._pieces += 1  # two threads may count one piece: then another connection begins a moment later
        if self._pieces <= _PIECES_FOR_ANOTHER * len(self._threads):
            self._wake()

    def _run(self, reader: OriginReader) -> None:
        while (job := self._jobs.get()) is not None:
            label, transfer = job
            error: OriginError | None = None
            try:
                reader.read(transfer)
            except OriginError as failure:
                error = failure
            self._finished.append(Finished(label=label, transfer=transfer, error=error))
            self._wake()
