"""Open files: who has which file open, and how its bytes get to the readers.

Rule: a file is read one way as long as anybody has it open. The kernel fails an open that mixes ways (a mapped
file of direct I/O counts as cached), so the way is chosen when nobody has the file open, and kept until nobody has.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_impl.cache import fuse_protocol as fuse
from reference_impl.cache.passthrough import Backing, Mapped

if TYPE_CHECKING:
    from reference_impl.cache.copies import Copies, HeldCopy
    from reference_impl.cache.nodes import Node
    from reference_impl.cache.passthrough import Backings


@dataclass(slots=True)
class _Opened:
    times: int
    local: Backing | Mapped | None  # a whole file here; None: the workers are asked
    copy: HeldCopy | None = None  # where what they say is kept


class OpenFiles:
    """All open files of a mount; thread-safe."""

    def __init__(self, backings: Backings, copies: Copies | None) -> None:
        self._backings = backings
        self._copies = copies
        self._lock = threading.Lock()
        self._opened: dict[int, _Opened] = {}

    def open(self, number: int, node: Node) -> bytes:
        """Return the answer to an open of a file."""
        with self._lock:
            if number in self._opened:
                return self._once_more(number)
        made = self._backings.make(node)  # asks a worker: not while others wait
        with self._lock:
            if number not in self._opened:
                copy = self._copies.begin(node) if self._copies and made is None else None
                self._opened[number] = _Opened(0, made, copy)
                node.transports = set() if made is None else {made.transport}
                made = None
            answer = self._once_more(number)
        if made:
            made.close()  # another open of the same file was faster
        return answer

    def release(self, number: int) -> None:
        """Note that the kernel has let go of a file that was opened once."""
        with self._lock:
            opened = self._opened[number]
            opened.times -= 1
            if opened.times:
                return
            del self._opened[number]
        for held in (opened.local, opened.copy):
            if held:
                held.close()

    def piece(self, number: int, first: int, end: int) -> memoryview | None:
        """Return bytes of a whole file that we read ourselves; None where the workers have to be asked."""
        opened = self._opened.get(number)
        return opened.local.bytes[first:end] if opened and isinstance(opened.local, Mapped) else None

    def keep(self, number: int, first: int, piece: memoryview) -> None:
        """Keep what a worker has said of a file, where a copy of it is being made."""
        opened = self._opened.get(number)
        if opened and opened.copy:
            opened.copy.keep(first, piece)

    def _once_more(self, number: int) -> bytes:
        opened = self._opened[number]
        opened.times += 1
        if isinstance(opened.local, Backing):
            return fuse.open_reply(0, fuse.FOPEN_PASSTHROUGH, opened.local.number)
        return fuse.open_reply(0, fuse.FOPEN_DIRECT_IO)
