"""Nodes: the numbers by which the kernel knows files and directories.

Rule: a node is one version of one file. A replaced object is looked up as another node with another inode, so
neither an open file nor the kernel's pages of a mapped one can ever hold parts of two versions.
"""

from __future__ import annotations

import enum
import threading
from dataclasses import dataclass, field
from hashlib import blake2b

ROOT = 1


class Transport(enum.StrEnum):
    """How bytes get to a reader; what every figure has to name."""

    PASSTHROUGH = "passthrough"  # of the file of a worker on this node
    PASSTHROUGH_COPY = "passthrough+copy"  # of the client's own
    FILE = "direct_io+file"  # the same files, read by the client
    COPY = "direct_io+copy"
    UNIX = "direct_io+unix"
    TCP = "direct_io+tcp"


@dataclass(slots=True, kw_only=True)
class Node:
    """A directory, or one version of a file; frozen but for what is kept to answer sooner."""

    path: str
    is_directory: bool
    size: int = 0  # bytes
    etag: str = ""
    modified: float = 0.0  # seconds since 1970
    targets: dict[int, tuple[str, ...]] = field(default_factory=dict)  # stripe -> workers in order
    request: bytes = b""  # the request target of this version
    transports: set[Transport] = field(default_factory=set)  # how its bytes got to readers

    @property
    def inode(self) -> int:
        """A number that is the same in every client: of the path and the version."""
        if self.path == "/":
            return ROOT
        text = f"{self.path}\0{self.etag}".encode(errors="surrogateescape")
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> 1 | 2


class Nodes:
    """All nodes that the kernel may name; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nodes: dict[int, Node] = {ROOT: Node(path="/", is_directory=True)}
        self._numbers: dict[tuple[str, str, bool], int] = {}
        self._lookups: dict[int, int] = {}
        self._next = ROOT + 1

    def get(self, number: int) -> Node | None:
        """Return the node of a number that the kernel was told."""
        return self._nodes.get(number)

    def remember(self, node: Node) -> int:
        """Return the number for a node, counted as told to the kernel once more."""
        identity = (node.path, node.etag, node.is_directory)
        with self._lock:
            number = self._numbers.get(identity)
            if number is None:
                number, self._next = self._next, self._next + 1
                self._numbers[identity] = number
                self._nodes[number] = node
                self._lookups[number] = 0
            self._lookups[number] += 1
            return number

    def forget(self, number: int, lookups: int) -> None:
        """Note that the kernel has let go of a number so many times."""
        with self._lock:
            if number not in self._lookups:
                return
            self._lookups[number] -= lookups
            if self._lookups[number] <= 0:
                node = self._nodes.pop(number)
                del self._lookups[number]
                del self._numbers[(node.path, node.etag, node.is_directory)]
