"""Mounting and unmounting, and what the kernel says about a path's mounts.

Rule: we unmount only our own mount, and only from the top. Where another one has been stacked on ours, ours
stays below it, dead (unmounting it would take the other along); whoever is on top takes the dead mounts of our
kind below along when it goes. A mount stacked in the instant between look and unmount would be taken, too.
"""

from __future__ import annotations

import ctypes
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from reference_impl.cache import fuse_protocol as fuse
from reference_impl.cache.errors import UserError

FILESYSTEM_TYPE = "fuse.jindofs-fuse"
MARKER = "jindo"  # what Fluid looks for in the mount table for this kind of runtime
_SOURCE = "jindofs-fuse-"  # and a mark by which each client knows its own mount, in whatever namespace
_LOOK_SECONDS = 3.0  # a mount that hangs must not hang us
_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MNT_DETACH = 2
_DEVICE = "/dev/fuse"
_DEAD = "is mounted but dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class MountEntry:
    """One line of /proc/self/mountinfo."""

    path: str
    root: str  # which part of its file system is seen there; "/": all of it
    filesystem: str
    source: str


def mounts_at(path: Path) -> list[MountEntry]:
    """Return the mounts of a path as this process sees them, the topmost last."""
    entries = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        fields, (filesystem, source, *_) = before.split(" "), after.split(" ")
        entry = MountEntry(path=_unescaped(fields[4]), root=fields[3], filesystem=filesystem, source=source)
        if entry.path == str(path):
            entries.append(entry)
    return entries


class FuseMount:
    """Our mount: a descriptor of /dev/fuse, and a path. Made mounted; unmount() once."""

    def __init__(self, path: Path) -> None:
        detach_dead(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"mount point {path}: {error.strerror}. It must be a directory that can be made.") from None
        self.path = path
        self._source = _SOURCE + os.urandom(4).hex()
        self.device = _open_device()
        options = (
            f"fd={self.device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},"
            f"allow_other,default_permissions,max_read={fuse.LARGEST_READ}"
        )
        _call(
            "mount",
            self._source.encode(),
            os.fsencode(path),
            FILESYSTEM_TYPE.encode(),
            ctypes.c_ulong(_MS_RDONLY | _MS_NOSUID | _MS_NODEV),
            options.encode(),
            place=str(path),
        )

    def unmount(self) -> None:
        """Take our mount away, now for new users, and for those that have files open when they close them."""
        mounts = mounts_at(self.path)
        if mounts and mounts[-1].source == self._source:
            _detach(self.path)
        os.close(self.device)
        detach_dead(self.path)


def detach_dead(path: Path) -> None:
    """Take away mounts of our kind on top of the path whose process is gone."""
    while (lacking(path) or "").startswith(_DEAD):
        _detach(path)


def lacking(path: Path, seconds: float = _LOOK_SECONDS) -> str | None:
    """Say what is missing for the path to be a live mount of our kind; None when nothing is."""
    mounts = mounts_at(path)
    if not mounts:
        return "is no mount"
    if MARKER not in mounts[-1].filesystem:
        return f"is a mount of type {mounts[-1].filesystem}, which is not ours,"
    outcome: list[str | None] = ["does not answer"]

    def look() -> None:
        try:
            os.statvfs(path)  # unlike stat(2), never answered by the kernel alone
            outcome[0] = None
        except OSError as error:
            outcome[0] = f"{_DEAD} ({error.strerror})"

    thread = threading.Thread(target=look, daemon=True)  # one that hangs ends with the process
    thread.start()
    thread.join(seconds)
    return outcome[0]


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
