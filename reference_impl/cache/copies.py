"""Copies of a client's own: what its readers have read of objects that no worker beside it has, within a budget.

Rule: a copy is made of bytes that a reader got anyway, so it costs the workers nothing. It is read only when every
byte is there, and only by those who open the file after that. What is not in use goes first, the oldest first, when
another object needs room; nothing is left behind by a client that ends, or for the next one by a client that died.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from reference_impl.cache.nodes import Node

_MOST_PARTS = 1024  # of one copy: who reads so wildly gets none
_log = logging.getLogger(__name__)


class Copy:
    """One version of one object, as far as it has come. Belongs to `Copies`."""

    def __init__(self, node: Node, path: Path) -> None:
        self.name = _name(node)
        self.size = node.size
        self.users = 0
        self.given_up = False
        self.parts: list[tuple[int, int]] = []  # [first, end) of what has come, in order, none touching another
        self._path = path
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.ftruncate(self.descriptor, self.size)

    @property
    def is_whole(self) -> bool:
        """Whether every byte has come."""
        return self.parts == [(0, self.size)]

    def add(self, first: int, end: int) -> None:
        """Note that these bytes are in the file."""
        touching = [part for part in self.parts if part[0] <= end and first <= part[1]]
        others = [part for part in self.parts if part not in touching]
        lows, highs = zip((first, end), *touching, strict=True)
        self.parts = sorted([*others, (min(lows), max(highs))])

    def remove(self) -> None:
        """Give its bytes back."""
        os.close(self.descriptor)
        self._path.unlink(missing_ok=True)


class HeldCopy:
    """A copy that somebody has open: a Whole (see there) once it is whole."""

    is_copy = True

    def __init__(self, copies: Copies, copy: Copy) -> None:
        self._copies = copies
        self._copy = copy
        self.descriptor = copy.descriptor

    def keep(self, first: int, piece: memoryview) -> None:
        """Keep bytes that a reader is about to get."""
        self._copies.keep(self._copy, first, piece)

    def close(self) -> None:
        """Let it be dropped when room is needed."""
        self._copies.let_go(self._copy)


class Copies:
    """All copies of one client, in a directory of its own; thread-safe."""

    def __init__(self, directory: Path, budget: int) -> None:
        self._directory = directory
        self._budget = budget  # bytes
        self._lock = threading.Lock()
        self._copies: dict[tuple[str, str], Copy] = {}  # by name, the longest unused first
        self._remove_leftovers()

    def whole(self, node: Node) -> HeldCopy | None:
        """Return the copy of a file if it is whole."""
        with self._lock:
            copy = self._copies.get(_name(node))
            return self._hold(copy) if copy and copy.is_whole else None

    def begin(self, node: Node) -> HeldCopy | None:
        """Return the copy of a file to add to; None where there is no room for it."""
        if not 0 < node.size <= self._budget:
            return None
        with self._lock:
            copy = self._copies.get(_name(node))
            if copy is None and self._make_room(node.size):
                try:
                    copy = Copy(node, self._directory / f"{node.inode:016x}")
                except OSError as error:
                    self._give_up(error)
            return self._hold(copy) if copy and not copy.given_up else None

    def keep(self, copy: Copy, first: int, piece: memoryview) -> None:
        """Write a piece into a copy that is in use."""
        if copy.given_up or copy.is_whole:
            return
        try:
            written = os.pwrite(copy.descriptor, piece, first)
        except OSError as error:
            copy.given_up = True
            self._give_up(error)
            return
        with self._lock:
            copy.add(first, first + written)
            copy.given_up |= len(copy.parts) > _MOST_PARTS

    def let_go(self, copy: Copy) -> None:
        """Note that one user less has it open."""
        with self._lock:
            copy.users -= 1
            if copy.given_up and not copy.users:
                self._drop(copy)

    def clear(self) -> None:
        """Drop everything, at the client's end."""
        with self._lock:
            self._budget = 0
            for copy in list(self._copies.values()):
                copy.given_up = True  # a reader may still wait for a piece
                self._drop(copy)

    def _hold(self, copy: Copy) -> HeldCopy:
        self._copies.pop(copy.name, None)
        self._copies[copy.name] = copy  # the last to go
        copy.users += 1
        return HeldCopy(self, copy)

    def _make_room(self, size: int) -> bool:
        free = self._budget - sum(copy.size for copy in self._copies.values())
        for copy in list(self._copies.values()):
            if free >= size:
                break
            if not copy.users:
                free += copy.size
                self._drop(copy)
        return free >= size

    def _drop(self, copy: Copy) -> None:
        self._copies.pop(copy.name, None)
        copy.remove()

    def _remove_leftovers(self) -> None:
        try:
            for path in self._directory.iterdir():
                path.unlink()
        except OSError as error:
            self._give_up(error)
            self._budget = 0

    def _give_up(self, error: OSError) -> None:
        _log.warning("no copy in %s: %s", self._directory, error.strerror or error)


def _name(node: Node) -> tuple[str, str]:
    """Return what tells one version of one object from all others."""
    return (node.path, node.etag)
