"""Sizes: Kubernetes quantities in, the strings of Fluid's status and node labels out.

Rule: bytes are integers everywhere between the two ends.
"""

import re
from decimal import ROUND_CEILING, Decimal

QUANTITY = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
BINARY = {suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
EXPONENTS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
DECIMAL = {suffix: Decimal(10) ** power for suffix, power in EXPONENTS.items()}
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
STEP = 1024


def parse_quantity(value: object) -> int:
    """Return the bytes of a Kubernetes quantity such as 40Gi, rounded up; ValueError if it is none."""
    match = QUANTITY.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{value!r} is not a quantity like 40Gi")
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    factor = BINARY.get(suffix) or DECIMAL.get(suffix) or Decimal(f"1{suffix}")
    return int((number * factor).to_integral_value(rounding=ROUND_CEILING))


def format_size(size: int) -> str:
    """Return a size as Fluid's status shows it: two decimals and a binary unit, 30.00GiB."""
    number, unit = _scaled(size)
    return f"{number:.2f}{unit}"


def format_label_size(size: int) -> str:
    """Return a size as Fluid's node labels show it: up to four significant digits, 40GiB, 1.5GiB, 0B."""
    number, unit = _scaled(size)
    return f"{number:.4g}{unit}"


def format_percent(part: int, whole: int) -> str:
    """Return a share as Fluid's status shows it: 0.0% … 100.0%; 0.0% of nothing."""
    return f"{min(100.0, 100.0 * part / whole):.1f}%" if whole > 0 else "0.0%"


def _scaled(size: int) -> tuple[float, str]:
    number, power = float(size), 0
    while number >= STEP and power < len(UNITS) - 1:
        number, power = number / STEP, power + 1
    return number, UNITS[power]
