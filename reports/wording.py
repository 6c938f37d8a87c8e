"""Figures as a reader sees them; the rule: what is None reads "not measured", and every figure has its unit.

Sizes are binary (MiB, as in Kubernetes and Fluid), rates decimal (MB/s, as networks are sold); exact bytes have
thin spaces between their thousands.
"""

from __future__ import annotations

NOT_MEASURED = "not measured"

_THIN = "\N{NARROW NO-BREAK SPACE}"
_SPACE = "\N{NO-BREAK SPACE}"
_MINUTE = 60
_HOUR = 3600
_LONG = 2 * _MINUTE  # below it, seconds are easier to compare than minutes


def count(value: float | None) -> str:
    """Return a whole number with its thousands apart."""
    return NOT_MEASURED if value is None else f"{value:,.0f}".replace(",", _THIN)


def exact_bytes(value: float | None) -> str:
    """Return all digits of a number of bytes."""
    return NOT_MEASURED if value is None else f"{count(value)}{_SPACE}B"


def size(value: float | None) -> str:
    """Return bytes in the binary unit that leaves one to four digits before the point."""
    return NOT_MEASURED if value is None else _scaled(value, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB"))


def decimal_size(value: float | None) -> str:
    """Return bytes in a decimal unit, for arithmetic that is decimal at its source."""
    return NOT_MEASURED if value is None else _scaled(value, 1000, ("B", "kB", "MB", "GB", "TB", "PB"))


def rate(value: float | None) -> str:
    """Return bytes per second in a decimal unit."""
    return NOT_MEASURED if value is None else f"{decimal_size(value)}/s"


def bit_rate(value: float | None) -> str:
    """Return bits per second in a decimal unit."""
    if value is None:
        return NOT_MEASURED
    return _scaled(value, 1000, ("bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"))


def duration(value: float | None) -> str:
    """Return seconds with three digits; minutes and hours where seconds no longer say much."""
    if value is None:
        return NOT_MEASURED
    if value < _LONG:
        return f"{digits(value)}{_SPACE}s"
    if value < _HOUR:
        minutes, seconds = divmod(round(value), _MINUTE)
        return f"{minutes}{_SPACE}min {seconds}{_SPACE}s"
    hours, minutes = divmod(round(value / _MINUTE), _MINUTE)
    return f"{hours}{_SPACE}h {minutes}{_SPACE}min"


def seconds(value: float | None) -> str:
    """Return seconds as seconds, however many, so that figures can be compared."""
    if value is None:
        return NOT_MEASURED
    return f"{count(value) if value >= 1000 else digits(value)}{_SPACE}s"  # noqa: PLR2004 - thousands apart


def test_seconds(value: float | None) -> str:
    """Return seconds to the hundredth, which is what pytest's own clock is good for."""
    return NOT_MEASURED if value is None else f"{value:.2f}{_SPACE}s"


def times(value: float | None) -> str:
    """Return a multiple; zero is exactly zero."""
    if value is None:
        return NOT_MEASURED
    return "0" if value == 0 else f"{digits(value)}×"


def bound(value: float) -> str:
    """Return a number as somebody wrote it down."""
    return f"{value:g}"


def money(value: float | None, currency: str) -> str:
    """Return an amount with its currency: whole from a thousand on, else with three digits."""
    if value is None:
        return NOT_MEASURED
    return f"{amount(value)}{_SPACE}{currency}"


def amount(value: float | None) -> str:
    """Return an amount without its currency, for a column that names it."""
    if value is None:
        return NOT_MEASURED
    return count(value) if value >= 1000 else digits(value)  # noqa: PLR2004 - thousands apart


def share(value: float | None) -> str:
    """Return a part of a whole in per cent."""
    return NOT_MEASURED if value is None else f"{100 * value:.1f}{_SPACE}%"


def byte_seconds(value: float | None) -> str:
    """Return memory that was held over time, in a binary unit."""
    return NOT_MEASURED if value is None else f"{size(value)}·s"


def latency(value: float | None) -> str:
    """Return seconds in the unit that leaves one to three digits before the point."""
    if value is None:
        return NOT_MEASURED
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1:
            return f"{digits(value * factor)}{_SPACE}{unit}"
    return f"0{_SPACE}s" if value == 0 else f"<1{_SPACE}µs"


def power_of_ten_seconds(value: float) -> str:
    """Return a mark of a scale: 1 ms, 10 ms, 1 s, 100 s."""
    if value >= 1:
        return f"{count(value)}{_SPACE}s"
    return f"{value * 1e3:g}{_SPACE}ms" if value >= 0.00099 else f"{value * 1e6:g}{_SPACE}µs"  # noqa: PLR2004 - 1 ms


def difference(measured: float | None, expected: float | None) -> str:
    """Return how far a figure is from what was expected, in percent; empty where that cannot be said."""
    if measured is None or not expected:
        return ""
    return f"{100 * (measured / expected - 1):+.1f}{_SPACE}%".replace("-", "\N{MINUS SIGN}")


def quantity(value: float | None, unit: str) -> str:
    """Return a value in the unit that report.yaml names."""
    if unit == "byte/s":
        return rate(value)
    if unit in {"byte", "bytes", "B"}:
        return size(value)
    if unit in {"s", "seconds"}:
        return seconds(value)
    return NOT_MEASURED if value is None else f"{amount(value)}{_SPACE}{unit}".rstrip()


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Return a range in the unit that report.yaml names; empty where an end is missing."""
    return "" if low is None or high is None else f"{quantity(low, unit)} – {quantity(high, unit)}"


def digits(value: float) -> str:
    """Return three significant digits and no exponent; all digits before the point."""
    if value == 0:
        return "0"
    if value < 0.001:  # noqa: PLR2004 - smaller than any clock here can tell
        return "<0.001"
    decimals = next(places for places, bound in ((3, 1), (2, 10), (1, 100), (0, float("inf"))) if value < bound)
    return f"{value:.{decimals}f}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return `1 row`, `2 rows`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def _scaled(value: float, base: int, units: tuple[str, ...]) -> str:
    power = 0
    while power < len(units) - 1 and value >= base:
        value /= base
        power += 1
    text = f"{value:.0f}" if value == int(value) else digits(value)
    return f"{text}{_SPACE}{units[power]}"
