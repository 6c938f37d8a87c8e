"""The unix socket of a worker, in a directory that it shares with the clients on its node.

Rule: the file's name tells which worker it is. A socket gets its name only once it listens, and loses it only
through its own worker or, when it is dead, through the next worker that starts there: so a name never hides a
live worker, and a directory where all workers have ended well is empty.
"""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BACKLOG = 1024
_SUFFIX = ".sock"
_OWNER_ONLY = 0o600
_log = logging.getLogger(__name__)


def socket_path(directory: Path, host: str) -> Path:
    """Return where the socket of a worker is; `host` is its address, or a name of which the first part is its own."""
    first = host.partition(".")[0]
    return directory / f"{host if first.isdigit() else first}{_SUFFIX}"


class UnixListener:
    """A worker's listening socket. The owner calls close() once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.socket = socket.socket(socket.AF_UNIX)
        passing = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
        try:
            self.socket.bind(str(passing))
            passing.chmod(_OWNER_ONLY)  # clients are root, or whoever the worker is
            self.socket.listen(_BACKLOG)
            passing.rename(path)
            self._inode = path.stat().st_ino
        except OSError:
            self.socket.close()
            passing.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Stop listening, and take the name away unless a successor has it by now."""
        self.socket.close()
        try:
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        except FileNotFoundError:
            return


def listen(directory: Path | None, host: str) -> UnixListener | None:
    """Listen in the directory; None where there is none to be used: every client can use TCP instead."""
    if directory is None:
        return None
    try:
        _remove_dead(directory)
        return UnixListener(socket_path(directory, host))
    except OSError as error:
        _log.warning("no unix socket in %s (%s): clients on this node use TCP", directory, error.strerror or error)
        return None


def _remove_dead(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_socket() and _is_dead(path):
            path.unlink(missing_ok=True)


def _is_dead(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)  # noqa: FBT003 - the standard library's signature
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False  # busy, gone, or not ours to look at
        return False
