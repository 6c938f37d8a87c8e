"""A reader of one file: in order, again and again, one thread, into one buffer that is used again and again.

Rule: in a window a word is compared with the content where each piece begins; a reading of the whole file compares
every byte. The page cache is left as it is: what state it is in belongs to how a comparison was made.
"""

import os
import time
from pathlib import Path

from suite.performance.benchmarks.content import WORD, Content, page_aligned
from suite.performance.benchmarks.http_client import Traffic
from suite.performance.benchmarks.processors import Spent, spent_here

PIECE_BYTES = 1 << 20


class FileReader:
    """One open file that holds an object's content."""

    def __init__(self, path: Path, content: Content) -> None:
        self._content = content
        self._descriptor = os.open(path, os.O_RDONLY)
        self._buffer = page_aligned(PIECE_BYTES)
        self._offset = 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def window(self, seconds: float) -> Traffic:
        """Read for about that long."""
        client, began = spent_here(), time.perf_counter()
        ends, total, pieces, wrong = began + seconds, 0, 0, ""
        while (now := time.perf_counter()) < ends:
            count, different = self._piece(WORD)
            wrong = wrong or different
            total, pieces = total + count, pieces + 1
        return Traffic(
            bytes=total,
            answers=pieces,
            seconds=now - began,
            client=spent_here().since(client),
            server=Spent(running=0.0, waiting=0.0),
            wrong=wrong,
        )

    def wrong(self) -> str:
        """Read the whole file once and compare every byte; return where it is wrong, "" if it is right."""
        size = os.fstat(self._descriptor).st_size
        if size != self._content.size:
            return f"the file has {size} bytes, the object {self._content.size}"
        self._offset, left = 0, size
        while left:
            count, different = self._piece(PIECE_BYTES)
            left -= count
            if different:
                return different
        return ""

    def _piece(self, compared: int) -> tuple[int, str]:
        """Read on, from the beginning again after the end; return how many bytes came and where they are wrong."""
        offset = self._offset
        count = os.preadv(self._descriptor, [self._buffer], offset)
        if not count:
            return 0, f"the file ends at {offset} bytes, the object has {self._content.size}"
        self._offset = (offset + count) % self._content.size
        compared = min(compared, count)
        if self._content.differs(self._buffer, 0, compared, offset):
            return count, self._content.wrong(self._buffer, 0, compared, offset)
        return count, ""
