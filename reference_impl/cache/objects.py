"""One version of one object in the tier: a sparse file, and a map that says which of its blocks are there.

Rule: a byte of the file is served only where the map says that its block is present. A version is named by its
ETag, so a replaced object is another object with another file, and the two never mix.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from reference_impl.cache.origin import Address, Origin

# The states of a block: not there, wanted soon, waited for, being fetched, there.
MISSING, AHEAD, DEMANDED, FETCHING, PRESENT = range(5)
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # flags of fallocate(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What names one version of one object."""

    path: str  # in the mount
    etag: str
    size: int  # bytes


class StoredObject:
    """A version's file and block map. Belongs to the thread that serves; only transfers write the file."""

    def __init__(self, version: Version, *, origin: Origin, key: str, file: Path, block_bytes: int) -> None:
        self.version = version
        self.origin = origin
        self.key = key
        self.addresses: list[Address] = []  # the last one signed, shared by this object's transfers
        self.block_bytes = block_bytes
        self.blocks = bytearray(-(-version.size // block_bytes))
        self.missing = len(self.blocks)  # blocks that are not present
        self.in_flight = 0  # blocks being fetched
        self.readers = 0  # requests being answered
        self._file = file
        self.descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.ftruncate(self.descriptor, version.size)

    @property
    def removed(self) -> bool:
        """Whether the file is gone, for those who still hold a reference."""
        return self.descriptor < 0

    def length(self, block: int) -> int:
        """Return the bytes of a block; the last one may be short."""
        return min(self.block_bytes, self.version.size - block * self.block_bytes)

    def present_from(self, offset: int, end: int) -> int:
        """Return up to where, at most `end`, bytes can be served from `offset` without a gap."""
        if not self.missing:
            return end
        block = offset // self.block_bytes
        last = (end - 1) // self.block_bytes
        while block <= last and self.blocks[block] == PRESENT:
            block += 1
        return max(offset, min(end, block * self.block_bytes))

    def put_present(self, block: int) -> None:
        """Say that all bytes of a block are in the file."""
        self.blocks[block] = PRESENT
        self.missing -= 1

    def drop_block(self, block: int) -> int:
        """Give a present block's memory back; the bytes freed."""
        self.blocks[block] = MISSING
        self.missing += 1
        # Pages already handed to a socket live on until they are sent; nobody else maps this file.
        _punch(self.descriptor, block * self.block_bytes, self.block_bytes)
        return self.length(block)

    def remove(self) -> int:
        """Delete the file; the bytes freed."""
        freed = sum(self.length(block) for block, state in enumerate(self.blocks) if state == PRESENT)
        self.blocks = bytearray(len(self.blocks))
        self.missing = len(self.blocks)
        os.close(self.descriptor)
        self.descriptor = -1
        self._file.unlink(missing_ok=True)
        return freed


def _punch(descriptor: int, offset: int, length: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    result = library.fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(offset), ctypes.c_int64(length))
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "fallocate")
