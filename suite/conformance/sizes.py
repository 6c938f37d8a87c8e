"""Sizes as Fluid's status writes them."""

import re

STATUS_SIZE = r"\d+\.\d\d(B|KiB|MiB|GiB|TiB|PiB|EiB)"
STATUS_PERCENT = r"\d+\.\d%"


def binary_size(count: int) -> str:
    """Return a number of bytes with two decimals and a binary unit."""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.2f}{units[0]}"


def bytes_in(text: str) -> int:
    """Return the bytes that a size in a status tells, to its two decimals; ValueError for another text."""
    found = re.fullmatch(r"(\d+\.\d\d)([KMGTPE]i)?B", text)
    if found is None:
        raise ValueError(f"{text!r} is no size, expected {STATUS_SIZE}")
    return round(float(found[1]) * (1 << 10 * " KMGTPE".index((found[2] or " ")[0])))
