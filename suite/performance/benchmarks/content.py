"""The bytes that every reader must get: an object's whole content in memory, to compare with at the speed of memory.

Rule: what is compared is never what was read before: it follows from the object's seed.
"""

from fixtures.stores.content import content
from suite.errors import GateMissed
from suite.origin import SeededObject

WORD = 8  # bytes that the timed part looks at, at the beginning of whatever arrives


def expect_right(name: str, wrong: str) -> None:
    """Raise GateMissed where an untimed pass saw wrong bytes; a benchmark of them is not begun."""
    if wrong:
        raise GateMissed(f"{name}: throughput of wrong bytes is zero: {wrong}")


class Content:
    """One object's bytes."""

    def __init__(self, item: SeededObject) -> None:
        self.item, self.size = item, item.size
        self.bytes = content(item.seed, 0, item.size)

    def differs(self, buffer: bytearray, start: int, count: int, offset: int) -> bool:
        """Compare a piece that was received into a buffer."""
        return buffer[start : start + count] != self.bytes[offset : offset + count]

    def wrong(self, buffer: bytearray, start: int, count: int, offset: int) -> str:
        """Say where a piece that differs is wrong."""
        pairs = zip(buffer[start : start + count], self.bytes[offset : offset + count], strict=False)
        first = next((index for index, (seen, wanted) in enumerate(pairs) if seen != wanted), count)
        return f"byte {offset + first} of {self.item.key} is not the object's"
