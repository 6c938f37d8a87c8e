"""Sizes as Fluid's status writes them."""

STATUS_SIZE = r"\d+\.\d\d(B|KiB|MiB|GiB|TiB|PiB|EiB)"
STATUS_PERCENT = r"\d+\.\d%"


def binary_size(count: int) -> str:
    """Return a number of bytes with two decimals and a binary unit."""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.2f}{units[0]}"
