"""Huge pages for a tier in memory: reading 2 MiB at a place costs one translation of an address instead of 512.

Rule: only a tmpfs that is the tier's own is changed (an emptyDir in memory is one), never one that it shares with
others. Where that is not possible or not allowed the tier stays as it is, and the log says why.

Source: `huge=` in tmpfs(5); within_size, since `always` takes 2 MiB for an object of one byte.
"""

from __future__ import annotations

import ctypes
import logging
import os
from pathlib import Path

_MS_REMOUNT = 32
_KEPT_FLAGS = 15  # ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, which mount(2) spells the same
_OPTIONS = b"huge=within_size"
_log = logging.getLogger(__name__)


def use_huge_pages(directory: Path) -> bool:
    """Let the file system of a tier use huge pages; whether it does."""
    refused = _remount(directory) if _is_own_memory(directory) else "it is no tmpfs of its own"
    if refused:
        _log.warning("no huge pages in %s: %s", directory, refused)
    else:
        _log.info("huge pages in %s", directory)
    return not refused


def _is_own_memory(directory: Path) -> bool:
    found = False
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        _, _, _, root, path, *_ = before.split(" ")
        if path == str(directory.resolve()):  # of several, the last one is on top
            found = root == "/" and after.startswith("tmpfs ")
    return found


def _remount(directory: Path) -> str:
    flags = ctypes.c_ulong(_MS_REMOUNT | os.statvfs(directory).f_flag & _KEPT_FLAGS)
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(b"tmpfs", os.fsencode(directory), None, flags, _OPTIONS):
        return os.strerror(ctypes.get_errno())
    return ""
