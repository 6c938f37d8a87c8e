"""wait-mounted [SECONDS]: hold the application back until its dataset is mounted.

Runs as the sidecar's postStart hook: the kubelet starts the next container only when it has ended.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from reference_impl.cache.client import PATH_VARIABLE, mount_path
from reference_impl.cache.errors import UserError
from reference_impl.cache.mounting import lacking

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_SECONDS = 30.0
_BETWEEN_LOOKS_SECONDS = 0.05
_SHORTEST_LOOK_SECONDS = 0.2
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
    while (
        reason := lacking(path, max(_SHORTEST_LOOK_SECONDS, deadline - time.monotonic()))
    ) and time.monotonic() < deadline:
        time.sleep(_BETWEEN_LOOKS_SECONDS)
    if not reason:
        return 0
    sys.stderr.write(f"wait-mounted: {path} {reason} after {seconds:g} s; see the log of the client container\n")
    return 1


def _seconds(arguments: list[str]) -> float:
    if not arguments:
        return _DEFAULT_SECONDS
    try:
        (seconds,) = map(float, arguments)
    except ValueError:
        raise UserError(f"expected one number of seconds, got {arguments} ({PATH_VARIABLE} names the path)") from None
    return seconds
