"""Where readers read: a file in a mount, a URL of the origin, or nowhere, which is how fast the generator can be.

Rule: every read fills the reader's own buffer as far as it can; no body is ever collected.
"""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from content import BUFFER_BYTES
from pulling import Source
from reference import Reference


class Readable(Protocol):
    """A file or an answer."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer as far as there is something; 0 at the end."""


class Filled:
    """A file or an answer, read into one buffer again and again."""

    def __init__(self, source: Readable, buffer: memoryview) -> None:
        self._source, self._buffer = source, buffer

    def piece(self) -> memoryview:
        """Read once."""
        return self._buffer[: self._source.readinto(self._buffer) or 0]


class File:
    """A file in a mount."""

    def __init__(self, path: str) -> None:
        self._path = path

    @contextmanager
    def open(self, buffer: memoryview) -> Iterator[Source]:
        """Open the file without any buffer but the reader's."""
        with io.FileIO(self._path) as file:
            yield Filled(file, buffer)


class Url:
    """A URL of the origin; it is a secret."""

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def open(self, buffer: memoryview) -> Iterator[Source]:
        """Request the URL."""
        from sources import open_url  # noqa: PLC0415 - of the readers' program; gevent has to have patched http first

        with open_url(self._url) as answer:
            yield Filled(answer, buffer)


class Nowhere:
    """Reads that cost nothing: what is left is the generator's own work, so this is its ceiling.

    A file in memory would not do: a cache that is passed through by the kernel is exactly as fast as that.
    """

    def __init__(self, reference: Reference, *, seconds: float) -> None:
        self._reference, self._seconds = reference, seconds
        self._began: float | None = None

    @contextmanager
    def open(self, _buffer: memoryview) -> Iterator[Source]:
        """Begin; the first one who does starts the clock for all."""
        if self._began is None:
            self._began = time.perf_counter()
        yield Passing(self._reference, until=self._began + self._seconds)


class Passing:
    """The true content itself, with no way to it."""

    def __init__(self, reference: Reference, *, until: float) -> None:
        self._reference, self._until, self._offset = reference, until, 0

    def piece(self) -> memoryview:
        """Return the next piece; the object ends early when the time is over."""
        if self._offset and time.perf_counter() >= self._until:
            return memoryview(b"")
        piece = self._reference.piece(self._offset, BUFFER_BYTES)
        self._offset += len(piece)
        return piece
