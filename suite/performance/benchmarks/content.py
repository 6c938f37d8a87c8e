"""The bytes that every reader must get: an object's whole content in memory, to compare with at the speed of memory.

Rule: what is compared is never what was read before: it follows from the object's seed.
"""

import mmap

from fixtures.stores.content import content
from suite.errors import GateMissed
from suite.origin import SeededObject

BUFFER_BYTES = 256 << 10  # a reader's piece, as cp of GNU coreutils takes it: it stays in the processor's own cache
WORD = 8  # bytes that the timed part looks at, at the beginning of whatever arrives


def expect_right(name: str, wrong: str) -> None:
    """Raise GateMissed where an untimed pass saw wrong bytes; a benchmark of them is not begun."""
    if wrong:
        raise GateMissed(f"{name}: throughput of wrong bytes is zero: {wrong}")


def page_aligned(size: int) -> mmap.mmap:
    """Return a buffer that begins with a page.

    Python's own large ones begin 16 bytes behind one: a processor that copies whole pages there may take five times
    as long (aliasing of source and destination; seen on AMD's Zen), on one side of a comparison and not on the other.
    """
    return mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


class Content:
    """One object's bytes."""

    def __init__(self, item: SeededObject) -> None:
        self.item, self.size = item, item.size
        self.bytes = content(item.seed, 0, item.size)

    def differs(self, buffer: mmap.mmap, start: int, count: int, offset: int) -> bool:
        """Compare a piece that was received into a buffer."""
        return buffer[start : start + count] != self.bytes[offset : offset + count]

    def wrong(self, buffer: mmap.mmap, start: int, count: int, offset: int) -> str:
        """Say where a piece that differs is wrong."""
        pairs = zip(buffer[start : start + count], self.bytes[offset : offset + count], strict=False)
        first = next((index for index, (seen, wanted) in enumerate(pairs) if seen != wanted), count)
        return f"byte {offset + first} of {self.item.key} is not the object's"
