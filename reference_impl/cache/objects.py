"""One version of one object in the tier: a sparse file, and a map that says which of its blocks are there.

Rule: a byte of the file is served only where the map says that its block is present. A version is named by its
ETag, so a replaced object is another object with another file, and the two never mix.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

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


class Reader(Protocol):
    """Whoever is being sent bytes of an object."""

    offset: int  # of the next one


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
        self.readers: set[Reader] = set()  # requests being answered
        self.leases = 0  # clients that have a descriptor
        self.handed_out = False  # whether a descriptor has ever left
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

    def is_read_at(self, block: int) -> bool:
        """Tell whether the next byte that some reader gets is of this block."""
        return any(reader.offset // self.block_bytes == block for reader in self.readers)

    def put_present(self, block: int) -> None:
        """Say that all bytes of a block are in the file."""
        self.blocks[block] = PRESENT
        self.missing -= 1

    @property
    def is_held(self) -> bool:
        """Whether somebody else may be reading the file itself: then nothing in it may change.

        Not only those who hold a lease: who got a descriptor reads on when his client has died.
        """
        if self.handed_out and not self.leases and _is_ours_alone(self.descriptor):
            self.handed_out = False
        return self.handed_out

    def lease(self) -> int | None:
        """Return a new descriptor that can only read; None where it could not be known later who still has it."""
        if not self.handed_out and not _is_ours_alone(self.descriptor):
            return None
        self.leases += 1
        self.handed_out = True
        return os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)

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


def _is_ours_alone(descriptor: int) -> bool:
    # The kernel grants a lease for writing only to a file that nobody else has open, in whatever process.
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False  # EAGAIN; or a file system that has no such leases
    return True


def _punch(descriptor: int, offset: int, length: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    result = library.fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(offset), ctypes.c_int64(length))
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "fallocate")
