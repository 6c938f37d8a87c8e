"""The tree of names that the keys of all mounts spell: what `ls` shows, with sizes and versions.

Rule: a tree is built once from complete listings and never changed, so whoever holds it sees one moment.
Where a key is both an object and the directory of others ("a" and "a/b"), the directory is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_impl.cache.layout import key_of, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reference_impl.cache.config import MountConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedObject:
    """One line of a bucket's listing."""

    key: str
    size: int  # bytes
    etag: str  # without quotes
    modified: float  # seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file or a directory; a directory has neither size nor version."""

    name: str
    is_directory: bool
    size: int = 0  # bytes
    etag: str = ""
    modified: float = 0.0  # seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """All names of one moment, and their totals: what the Dataset's status shows."""

    directories: Mapping[str, Mapping[str, Entry]]  # path of a directory -> its entries by name
    total_bytes: int
    file_count: int

    def find(self, path: str) -> Entry | None:
        """Return the entry at an absolute path."""
        if path in self.directories:
            return Entry(name=path.rpartition("/")[2], is_directory=True)
        parent, _, name = path.rpartition("/")
        return self.directories.get(parent or "/", {}).get(name)


def build(mounts: Sequence[MountConfig], listings: Sequence[Iterable[ListedObject]]) -> Tree:
    """Build one tree from the listings of all mounts, given in the order of the mounts."""
    directories: dict[str, dict[str, Entry]] = {}
    for mount in mounts:
        _make_directory(directories, mount.path)
    total = count = 0
    for index, (mount, listing) in enumerate(zip(mounts, listings, strict=True)):
        for listed in listing:
            if listed.key.endswith("/"):
                total += listed.size
            else:
                total, count = total + listed.size, count + 1
            path = path_of(mount, listed.key) if listed.key != mount.prefix else None
            found = key_of(mounts, path) if path else None
            if path is None or found is None or found[0] != index:
                continue  # a name that no file system can show, or one that another mount covers
            if path.endswith("/"):
                _make_directory(directories, path[:-1])
            else:
                _make_file(directories, path, listed)
    return Tree(directories=directories, total_bytes=total, file_count=count)


def _make_directory(directories: dict[str, dict[str, Entry]], path: str) -> dict[str, Entry]:
    entries = directories.get(path)
    if entries is None:
        entries = directories[path] = {}
        if path != "/":
            parent, _, name = path.rpartition("/")
            _make_directory(directories, parent or "/")[name] = Entry(name=name, is_directory=True)
    return entries


def _make_file(directories: dict[str, dict[str, Entry]], path: str, listed: ListedObject) -> None:
    parent, _, name = path.rpartition("/")
    entries = _make_directory(directories, parent or "/")
    if path not in directories:
        entries[name] = Entry(
            name=name, is_directory=False, size=listed.size, etag=listed.etag, modified=listed.modified
        )
