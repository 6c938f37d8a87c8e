"""What a controller is told from outside, by environment variables as Fluid names them where Fluid has them.

Rule: read once at start; a missing or malformed one ends the process with one line that names it.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DEFAULT_SYNC_SECONDS = 5.0
UNIX_SOCKETS = "FLUID_REFERENCE_UNIX_SOCKETS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the jindoruntime-controller."""

    image: str  # of worker and client
    command: tuple[str, ...]  # the image's own command, for hooks, which know no image default
    sync_seconds: float  # between two readings of the data plane
    unix_sockets: bool = field(default=True)  # between worker and clients of a node; needs hostPath volumes
    poll_seconds: float = field(default=1.0)  # between two looks at something that is not there yet

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; SystemExit with one line when one is missing or malformed."""
        image, text = image_of(environment), environment.get("FLUID_REFERENCE_COMMAND", "")
        try:
            command = json.loads(text)
        except ValueError:
            command = None
        if not isinstance(command, list) or not command or not all(isinstance(word, str) for word in command):
            sys.exit(f"FLUID_REFERENCE_COMMAND={text!r}: set it to the image's command as a JSON list of strings.")
        duration = environment.get("FLUID_SYNC_RETRY_DURATION", f"{DEFAULT_SYNC_SECONDS:g}s")
        try:
            seconds = parse_duration(duration)
        except ValueError:
            sys.exit(f"FLUID_SYNC_RETRY_DURATION={duration!r}: set it to a duration like 5s or 1m30s.")
        sockets = environment.get(UNIX_SOCKETS, "true")
        if sockets not in {"true", "false"}:
            sys.exit(f"{UNIX_SOCKETS}={sockets!r}: set it to true, or to false where pods may not mount hostPaths.")
        return cls(image=image, command=tuple(command), sync_seconds=seconds, unix_sockets=sockets == "true")


def image_of(environment: Mapping[str, str]) -> str:
    """Return the image of worker, client and loader; SystemExit with one line where it is not set."""
    image = environment.get("FLUID_REFERENCE_IMAGE", "")
    if not image:
        sys.exit("FLUID_REFERENCE_IMAGE: not set. Set it to the image of worker, client and loader.")
    return image


def parse_duration(text: str) -> float:
    """Return the seconds of a Go duration such as 1m30s; ValueError for anything else."""
    parts = DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration like 5s")
    return sum(float(number) * UNIT_SECONDS[unit] for number, unit in parts)


def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_environment(os.environ)
