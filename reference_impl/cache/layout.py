"""The layout of a dataset: which object of which mount a path of the mount names, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_impl.cache.config import MountConfig

_LONGEST_NAME = 255  # bytes; what Linux lets a directory entry have


def key_of(mounts: Sequence[MountConfig], path: str) -> tuple[int, str] | None:
    """Return the index of the mount and the object's key for a path below it; None where no mount is.

    A mount at a deeper path covers what a mount above it has there, as mounts do.
    """
    best: int | None = None
    for index, mount in enumerate(mounts):
        below = path.startswith(_folder(mount.path))
        if below and (best is None or len(mount.path) > len(mounts[best].path)):
            best = index
    if best is None:
        return None
    return best, mounts[best].prefix + path[len(_folder(mounts[best].path)) :]


def path_of(mount: MountConfig, key: str) -> str | None:
    """Return the path at which a key is seen; None when a file system cannot show such a name.

    A trailing slash, which marks a directory, is kept.
    """
    relative = key[len(mount.prefix) :]
    names = relative.removesuffix("/").split("/")
    if not all(_possible(name) for name in names):
        return None
    return _folder(mount.path) + relative


def _folder(path: str) -> str:
    return path if path == "/" else path + "/"


def _possible(name: str) -> bool:
    return name not in {"", ".", ".."} and "\0" not in name and len(name.encode()) <= _LONGEST_NAME
