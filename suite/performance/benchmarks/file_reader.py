"""A reader of one file: in order, again and again, one thread, into one buffer that is used again and again.

Rule: in a window a word is compared with the content where each piece begins; a reading of the whole file compares
every byte. The page cache is left as it is: what state it is in belongs to how a comparison was made.
"""

import os
import time
from pathlib import Path

from suite.performance.benchmarks.content import WORD, Content
from suite.performance.benchmarks.http_client import Traffic
from suite.performance.benchmarks.processors import Spent, spent_here

BUFFER_BYTES = 1 << 20


class FileReader:
    """One open file that holds an object's content."""

    def __init__(self, path: Path, content: Content) -> None:
        self._content = content
        self._descriptor = os.open(path, os.O_RDONLY)
        self._buffer = bytearray(BUFFER_BYTES)
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
        self._offset = 0
        for _ in range(0, self._content.size, BUFFER_BYTES):
            _, different = self._piece(BUFFER_BYTES)
            if different:
                return different
        return "" if self._offset == 0 else f"the file has no end at {self._content.size} bytes"

    def _piece(self, compared: int) -> tuple[int, str]:
        offset = self._offset
        count = os.preadv(self._descriptor, [self._buffer], offset)
        self._offset += count
        if count == 0 or self._offset > self._content.size:
            return 0, f"the file ends at {self._offset} bytes, the object has {self._content.size}"
        if self._offset == self._content.size:
            self._offset = 0
        compared = min(compared, count)
        if self._content.differs(self._buffer, 0, compared, offset):
            return count, self._content.wrong(self._buffer, 0, compared, offset)
        return count, ""
