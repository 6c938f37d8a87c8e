"""The options of one run, checked: what the operator asked for, in bytes and seconds.

Rule: an option's value is refused here or nowhere, with one line that names the option and what it takes.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fixtures.errors import UserError

_UNITS = {
    "": 1,
    "B": 1,
    "K": 1000,
    "KB": 1000,
    "M": 1000**2,
    "MB": 1000**2,
    "G": 1000**3,
    "GB": 1000**3,
    "KIB": 1 << 10,
    "MIB": 1 << 20,
    "GIB": 1 << 30,
}
LARGEST_OBJECT = 5 << 40  # S3 allows no larger object


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one run was asked to do."""

    target: str
    object_bytes: int
    readers: int
    origin_bytes_per_second: int  # 0: no cap
    nodes: int
    seed: int

    def as_data(self) -> dict[str, Any]:
        """Return a form that survives the way to an xdist worker."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Settings":
        """Undo `as_data`."""
        return cls(**data)


def parse_size(option: str, text: str) -> int:
    """Read '256MiB', '1GB', '100 MB/s' or plain bytes; decimal and binary units mean what they say."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*?)(?:/s)?\s*", text)
    unit = match and _UNITS.get(match[2].upper())
    if not match or not unit:
        raise UserError(f"{option}={text}: not a size. Use bytes, or a number with KB, MB, GB, KiB, MiB or GiB")
    return int(float(match[1]) * unit)


def parse_count(option: str, text: str, *, low: int, high: int) -> int:
    """Read a whole number within bounds."""
    if not re.fullmatch(r"\d+", text.strip()) or not low <= int(text) <= high:
        raise UserError(f"{option}={text}: takes a whole number from {low} to {high}")
    return int(text)


def parse_object_size(option: str, text: str) -> int:
    """Read the size of the scenario's object."""
    size = parse_size(option, text)
    if not 1 <= size <= LARGEST_OBJECT:
        raise UserError(f"{option}={text}: an object has 1 byte to 5 TiB")
    return size
