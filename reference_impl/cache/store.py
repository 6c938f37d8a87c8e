"""The store: all cached objects of one tier, and the rule that keeps them under its quota.

Rule: bytes are reserved before they are fetched, so that never more than quota * high lie in the tier. To make
room, whole objects that nobody is reading go first, least recently used before others, down to quota * low.
When all that is left is being read (an object larger than the quota, for example), the blocks that landed
longest ago go, one by one: such an object passes through, and never takes more than the quota. Where possible
these are blocks that no reader stands in.

An object whose file somebody else has open (a client's lease) is never touched, for its readers would see holes.
So only as much is leased as leaves room for all the others.
"""

from __future__ import annotations

import logging
import shutil
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from reference_impl.cache.errors import UserError
from reference_impl.cache.objects import FETCHING, MISSING, PRESENT, StoredObject, Version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference_impl.cache.config import TierConfig
    from reference_impl.cache.origin import Origin

_LEAST_BLOCKS = 2  # that must fit beside everything that is leased: one being served, one being fetched
_log = logging.getLogger(__name__)


class Store:
    """Objects by version, least recently used first. Belongs to the thread that serves."""

    def __init__(self, tier: TierConfig, *, folder: Path, block_bytes: int, most_objects: int) -> None:
        self._folder = folder
        self._block_bytes = block_bytes
        self._most_objects = most_objects  # each holds a descriptor
        self._high = int(tier.quota_bytes * tier.high)
        self._low = int(tier.quota_bytes * tier.low)
        self._objects: OrderedDict[Version, StoredObject] = OrderedDict()
        self._landed: deque[tuple[StoredObject, int]] = deque()  # may name blocks that are gone by now
        self._next_file = 0
        self._handed_out: set[StoredObject] = set()  # of which somebody else has, or had, a descriptor
        self.leases = 0  # descriptors that clients have
        self.leased_bytes = 0  # of the objects that they are of
        self._reserved = 0  # bytes being fetched
        self._present = 0  # bytes that can be served
        shutil.rmtree(folder, ignore_errors=True)  # of a predecessor that was killed
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise UserError(
                f"tier directory {folder}: {error.strerror}. Mount a volume for the tier at {tier.directory}."
            ) from None

    @property
    def cached_bytes(self) -> int:
        """Bytes that can be served."""
        return self._present

    def lease(self, stored: StoredObject) -> int | None:
        """Return a descriptor of a whole object and keep the object; None where it isn't whole, or no room is left."""
        self._handed_out = {other for other in self._handed_out if other.is_held}
        held = sum(other.version.size for other in self._handed_out | {stored})
        if stored.missing or held > min(self._low, self._high - _LEAST_BLOCKS * self._block_bytes):
            return None
        descriptor = stored.lease()
        if descriptor is not None:
            self._handed_out.add(stored)
            self.leases += 1
            self.leased_bytes += stored.version.size if stored.leases == 1 else 0
        return descriptor

    def end_lease(self, stored: StoredObject) -> None:
        """Note that a client has given its descriptor back, or has died."""
        stored.leases -= 1
        self.leases -= 1
        self.leased_bytes -= 0 if stored.leases else stored.version.size

    def find(self, version: Version) -> StoredObject | None:
        """Return the object of a version, which thereby counts as just used."""
        stored = self._objects.get(version)
        if stored is not None:
            self._objects.move_to_end(version)
        return stored

    def add(self, version: Version, *, origin: Origin, key: str) -> StoredObject:
        """Begin to hold a version that is not there; it has no blocks yet."""
        if len(self._objects) >= self._most_objects:
            self._evict(lambda: len(self._objects) < self._most_objects)
        self._next_file += 1
        stored = StoredObject(
            version,
            origin=origin,
            key=key,
            file=self._folder / str(self._next_file),
            block_bytes=self._block_bytes,
        )
        self._objects[version] = stored
        return stored

    def reserve(self, stored: StoredObject, block: int) -> bool:
        """Set room aside for a block that is about to be fetched; False when everything is in use just now."""
        length = stored.length(block)
        if self._used + length > self._high:
            self._evict(lambda: self._used + length <= self._low, keep=stored)
        while self._used + length > self._high:
            if not self._drop_oldest_block():
                return False
        self._reserved += length
        stored.in_flight += 1
        stored.blocks[block] = FETCHING
        return True

    def land(self, stored: StoredObject, block: int) -> None:
        """Note that the block is complete in the file."""
        length = stored.length(block)
        self._reserved -= length
        self._present += length
        stored.in_flight -= 1
        stored.put_present(block)
        self._landed.append((stored, block))

    def release(self, stored: StoredObject, block: int) -> None:
        """Note that the block could not be fetched."""
        self._reserved -= stored.length(block)
        stored.in_flight -= 1
        stored.blocks[block] = MISSING

    def shrink(self) -> bool:
        """Live with a directory that holds less than the quota promises; False when it holds nothing of ours."""
        if not self._used:
            return False
        self._high = max(self._used, 2 * self._block_bytes)
        self._low = min(self._low, self._high)
        _log.warning("the tier's directory is full at %d bytes: using no more from now on", self._high)
        return True

    def close(self) -> None:
        """Remove everything from the tier."""
        for stored in self._objects.values():
            stored.remove()
        self._objects.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _used(self) -> int:
        return self._present + self._reserved

    def _evict(self, enough: Callable[[], bool], keep: StoredObject | None = None) -> None:
        for version, stored in list(self._objects.items()):
            if enough():
                break
            if stored is keep or stored.readers or stored.in_flight or stored.is_held:
                continue
            del self._objects[version]
            self._present -= stored.remove()
        self._landed = deque(landed for landed in self._landed if not landed[0].removed)

    def _drop_oldest_block(self) -> bool:
        read: list[tuple[StoredObject, int]] = []  # blocks in which readers stand: only if there is nothing else
        found = None
        for _ in range(len(self._landed)):
            landed = stored, block = self._landed.popleft()
            if stored.blocks[block] != PRESENT:
                continue
            if stored.is_held:
                self._landed.append(landed)  # its turn comes again
            elif stored.is_read_at(block):
                read.append(landed)
            else:
                found = landed
                break
        if found is None and read:
            found = read.pop(0)
        self._landed.extendleft(reversed(read))
        if found is None:
            return False
        self._present -= found[0].drop_block(found[1])
        return True
