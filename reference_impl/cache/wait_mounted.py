"""wait-mounted [SECONDS]: hold the application back until its dataset is mounted.

Runs as the sidecar's postStart hook: the kubelet starts the next container only when it has ended.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from reference_impl.cache.client import PATH_VARIABLE, mount_path
from reference_impl.cache.errors import UserError
from reference_impl.cache.mounting import MARKER, answer_of, mounts_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DEFAULT_SECONDS = 30.0
_BETWEEN_LOOKS_SECONDS = 0.05
_EXIT_USAGE = 2


def main(arguments: list[str], environment: Mapping[str, str] = os.environ) -> int:
    """Return 0 as soon as the mount answers, 1 with one line when it doesn't in time."""
    try:
        path = mount_path(environment)
        seconds = _seconds(arguments)
    except UserError as error:
        sys.stderr.write(f"wait-mounted: {error}\n")
        return _EXIT_USAGE
    deadline = time.monotonic() + seconds
    while (lacking := _lacking(path, deadline)) and time.monotonic() < deadline:
        threading.Event().wait(_BETWEEN_LOOKS_SECONDS)
    if not lacking:
        return 0
    sys.stderr.write(f"wait-mounted: {path} {lacking} after {seconds:g} s; see the log of the client container\n")
    return 1


def _seconds(arguments: list[str]) -> float:
    if not arguments:
        return _DEFAULT_SECONDS
    try:
        (seconds,) = map(float, arguments)
    except ValueError:
        raise UserError(f"expected one number of seconds, got {arguments} ({PATH_VARIABLE} names the path)") from None
    return seconds


def _lacking(path: Path, deadline: float) -> str | None:
    """Say what is missing for the path to be a live mount of ours."""
    mounts = mounts_at(path)
    if not mounts:
        return "is no mount"
    if MARKER not in mounts[-1].filesystem:
        return f"is a mount of type {mounts[-1].filesystem}, which is not ours,"
    outcome: list[str | None] = ["does not answer"]

    def look() -> None:
        try:
            answer_of(path)
            outcome[0] = None
        except OSError as error:
            outcome[0] = f"is mounted but dead ({error.strerror})"

    # A mount that hangs must not hang us: the thread ends with the process.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    return outcome[0]
