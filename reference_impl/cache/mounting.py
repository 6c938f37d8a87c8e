"""Mounting and unmounting, and what the kernel says about a path's mounts.

Rule: we unmount only our own mount. Where another one has been stacked on ours, ours stays below it (a lazy
unmount would take the other with it); whoever is on top takes dead mounts of our kind along when it goes.
"""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass
from pathlib import Path

from reference_impl.cache import fuse_protocol as fuse
from reference_impl.cache.errors import UserError

FILESYSTEM_TYPE = "fuse.jindofs-fuse"
MARKER = "jindo"  # what Fluid looks for in the mount table for this kind of runtime
_SOURCE = "jindofs-fuse"
_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MNT_DETACH = 2
_DEVICE = "/dev/fuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class MountEntry:
    """One line of /proc/self/mountinfo."""

    device: str  # major:minor
    path: str
    filesystem: str
    source: str


def mounts_at(path: Path) -> list[MountEntry]:
    """Return the mounts of a path as this process sees them, the topmost last."""
    entries = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        fields, (filesystem, source, *_) = before.split(" "), after.split(" ")
        entry = MountEntry(device=fields[2], path=_unescaped(fields[4]), filesystem=filesystem, source=source)
        if entry.path == str(path):
            entries.append(entry)
    return entries


class FuseMount:
    """Our mount: a descriptor of /dev/fuse, and a path. Made mounted; unmount() once."""

    def __init__(self, path: Path) -> None:
        detach_dead(path)
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.device = _open_device()
        options = (
            f"fd={self.device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},"
            f"allow_other,default_permissions,max_read={fuse.LARGEST_READ}"
        )
        _call(
            "mount",
            _SOURCE.encode(),
            os.fsencode(path),
            FILESYSTEM_TYPE.encode(),
            ctypes.c_ulong(_MS_RDONLY | _MS_NOSUID | _MS_NODEV),
            options.encode(),
            place=str(path),
        )
        self._number = mounts_at(path)[-1].device

    def unmount(self) -> None:
        """Take our mount away, now for new users, and for those that have files open when they close them."""
        mounts = mounts_at(self.path)
        if mounts and mounts[-1].device == self._number:
            _detach(self.path)
        os.close(self.device)
        detach_dead(self.path)


def detach_dead(path: Path) -> None:
    """Take away mounts of our kind on top of the path whose process is gone."""
    while True:
        mounts = mounts_at(path)
        if not mounts or MARKER not in mounts[-1].filesystem or not _is_dead(path):
            return
        _detach(path)


def answer_of(path: Path) -> None:
    """Ask the file system at a path something that the kernel can't answer by itself, as it can stat(2)."""
    os.statvfs(path)


def _is_dead(path: Path) -> bool:
    try:
        answer_of(path)
    except OSError as error:
        return error.errno in {errno.ENOTCONN, errno.ECONNABORTED}
    return False


def _detach(path: Path) -> None:
    try:
        _call("umount2", os.fsencode(path), _MNT_DETACH, place=str(path))
    except UserError:
        if mounts_at(path):
            raise


def _open_device() -> int:
    try:
        return os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UserError(
            f"{_DEVICE} does not exist. Load the kernel's module (modprobe fuse), or give the pod the device."
        ) from None
    except OSError as error:
        raise UserError(
            f"{_DEVICE}: {error.strerror}. Run the client privileged, or make the device accessible "
            f"(chmod 0666 {_DEVICE})."
        ) from None


def _call(name: str, *arguments: object, place: str) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library[name](*arguments):
        reason = os.strerror(ctypes.get_errno())
        raise UserError(
            f"{name} {place}: {reason}. The client needs CAP_SYS_ADMIN (a privileged container, "
            "or root of a user namespace)."
        )


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
