"""Huge pages for a tier in memory: reading 2 MiB at a place costs one translation of an address instead of 512.

Rule: only a tmpfs that is the tier's own is changed (an emptyDir in memory is one), never one that it shares with
others. Where that is not possible or not allowed the tier stays as it is, and the log says why.

Source: `huge=` in tmpfs(5); within_size, since `always` takes 2 MiB for an object of one byte.
"""

from __future__ import annotations

import ctypes
import logging
import os
from typing import TYPE_CHECKING

from reference_impl.cache.mounting import mounts_at

if TYPE_CHECKING:
    from pathlib import Path

_MS_REMOUNT = 32
_KEPT_FLAGS = 15  # ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, which mount(2) spells the same
_OPTIONS = b"huge=within_size"
_log = logging.getLogger(__name__)


def use_huge_pages(directory: Path) -> None:
    """Let the file system of a tier use huge pages, where that is possible."""
    refused = _remount(directory) if _is_own_memory(directory) else "it is no tmpfs of its own"
    if refused:
        _log.warning("no huge pages in %s: %s", directory, refused)
    else:
        _log.info("huge pages in %s", directory)


def _is_own_memory(directory: Path) -> bool:
    mounts = mounts_at(directory.resolve())
    return bool(mounts) and (mounts[-1].filesystem, mounts[-1].root) == ("tmpfs", "/")


def _remount(directory: Path) -> str:
    flags = ctypes.c_ulong(_MS_REMOUNT | os.statvfs(directory).f_flag & _KEPT_FLAGS)
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(b"tmpfs", os.fsencode(directory), None, flags, _OPTIONS):
        return os.strerror(ctypes.get_errno())
    return ""
