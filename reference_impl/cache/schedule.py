"""The schedule: which blocks are fetched next. What a reader waits for goes before what it may want soon.

Rule: a block is fetched once, however many readers want it. Reading ahead starts small at the head of an
object, grows when the reader goes on, and never happens around a random read.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_impl.cache.errors import Cause, OriginError
from reference_impl.cache.objects import AHEAD, DEMANDED, MISSING, StoredObject
from reference_impl.cache.origin_reader import Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference_impl.cache.fetch import Fetchers
    from reference_impl.cache.store import Store

_AT_THE_HEAD = 3  # blocks read ahead of the first one: many readers want no more than a header

_NO_ROOM = OriginError(Cause.NO_SPACE, "all of the tier is leased to clients of this node")

Block = tuple[StoredObject, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A block whose fetch has ended; `error` is None when it is present."""

    stored: StoredObject
    block: int
    error: OriginError | None


class Schedule:
    """Belongs to the thread that serves."""

    def __init__(self, store: Store, fetchers: Fetchers[Block], *, read_ahead_blocks: int, stripe_blocks: int) -> None:
        self._store = store
        self._fetchers = fetchers
        self._read_ahead_blocks = read_ahead_blocks
        self._stripe_blocks = stripe_blocks
        self._demanded: deque[Block] = deque()
        self._ahead: deque[Block] = deque()
        self.origin_bytes = 0  # received from origins, whether they were of use or not

    def want(self, stored: StoredObject, offset: int, end: int) -> None:
        """Note that a reader stands at `offset` and will read at least to `end`."""
        block = offset // stored.block_bytes
        blocks = stored.blocks
        if blocks[block] in {MISSING, AHEAD}:
            blocks[block] = DEMANDED
            self._demanded.append((stored, block))
        head = block % self._stripe_blocks == 0
        goes_on = head or blocks[block - 1] != MISSING
        furthest = block + (_AT_THE_HEAD if head else self._read_ahead_blocks)
        if not goes_on:
            furthest = block
        # What this very request covers is no guess.
        furthest = max(furthest, min((end - 1) // stored.block_bytes, block + self._read_ahead_blocks))
        # The next stripe is another worker's.
        stripe_end = (block // self._stripe_blocks + 1) * self._stripe_blocks
        for following in range(block + 1, min(furthest + 1, stripe_end, len(blocks))):
            if blocks[following] == MISSING:
                blocks[following] = AHEAD
                self._ahead.append((stored, following))

    def dispatch(self) -> Iterator[Arrival]:
        """Hand out as many fetches as there are idle fetchers and room; those that there never will be room for."""
        while self._fetchers.idle and self._demanded:
            stored, block = self._demanded[0]
            if not stored.removed and stored.blocks[block] == DEMANDED:
                if self._store.reserve(stored, block):
                    self._fetch(stored, block)
                elif self._fetchers.busy:
                    return  # room comes when it has landed
                else:
                    stored.blocks[block] = MISSING
                    yield Arrival(stored=stored, block=block, error=_NO_ROOM)
            self._demanded.popleft()
        while self._fetchers.idle_for_guesses > 0 and self._ahead:
            stored, block = self._ahead.popleft()
            if stored.removed or stored.blocks[block] != AHEAD:
                continue
            if self._store.reserve(stored, block):
                self._fetch(stored, block)
            else:
                stored.blocks[block] = MISSING
        if not (self._fetchers.busy or self._demanded or self._ahead):
            self._fetchers.rest()

    def arrivals(self) -> Iterator[Arrival]:
        """Take note of every fetch that has ended since the last call."""
        for ended in self._fetchers.finished():
            stored, block = ended.label
            self.origin_bytes += ended.transfer.received
            if ended.error is None:
                self._store.land(stored, block)
                yield Arrival(stored=stored, block=block, error=None)
                continue
            self._store.release(stored, block)
            if ended.error.cause is Cause.NO_SPACE and self._store.shrink():
                self._retry(stored, block)
            else:
                yield Arrival(stored=stored, block=block, error=ended.error)

    def _retry(self, stored: StoredObject, block: int) -> None:
        stored.blocks[block] = DEMANDED
        self._demanded.append((stored, block))

    def _fetch(self, stored: StoredObject, block: int) -> None:
        transfer = Transfer(
            origin=stored.origin,
            key=stored.key,
            etag=stored.version.etag,
            object_size=stored.version.size,
            descriptor=stored.descriptor,
            offset=block * stored.block_bytes,
            length=stored.length(block),
            addresses=stored.addresses,
        )
        self._fetchers.start((stored, block), transfer)
