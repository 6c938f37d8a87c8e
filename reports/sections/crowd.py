"""Load: what a crowd of users that comes at once got, how long it waited, and whether the generator kept up.

Rule: latency counts from the intended start; a phase says by itself whether it proves anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from reports.fields import quote

if TYPE_CHECKING:
    from reports.fields import Fields


class LoadVerdict(StrEnum):
    """What is said of one phase of load."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    VOID = "void"  # the generator was the limit, or nothing was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Seconds from the intended start, from the suite's own histogram."""

    p50: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """Whether who asked could have asked faster."""

    cpu_share: float | None  # 0 to 1, of all processors, for its own code
    ceiling_bytes_per_second: float | None  # the most that it can take, measured without a network in between
    lag_seconds: float | None  # how late its event loop was, p99


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPhase:
    """One wave of users."""

    name: str
    requests: int
    failures: int
    peak_users: int | None  # whose requests were under way at the same time
    object_bytes: int | None  # that each of them reads, `passes` times over
    passes: int | None
    transport: str
    bytes: int | None
    verified_bytes: int | None
    seconds: float | None
    origin_bytes: int | None
    first_byte: Percentiles | None
    latency: Percentiles | None
    read: Percentiles | None  # of single reads of a piece
    generator: Generator
    verdict: LoadVerdict
    reason: str
    html: str  # the load generator's own page, below the run's directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The whole of it."""

    users: int
    object_bytes: int | None
    phases: tuple[LoadPhase, ...]


def read(fields: Fields | None) -> Load | None:
    """Return the checked load; None where there was none."""
    if fields is None:
        return None
    return Load(
        users=int(fields.needed("users")),
        object_bytes=fields.whole("objectBytes"),
        phases=tuple(_phase(item) for item in fields.each("phases", required=True)),
    )


def _phase(fields: Fields) -> LoadPhase:
    return LoadPhase(
        name=fields.text("name"),
        requests=int(fields.needed("requests")),
        failures=int(fields.needed("failures")),
        peak_users=fields.whole("peakUsers"),
        object_bytes=fields.whole("objectBytes"),
        passes=fields.whole("passes"),
        transport=fields.text("transport", ""),
        bytes=fields.whole("bytes"),
        verified_bytes=fields.whole("verifiedBytes"),
        seconds=fields.number("seconds"),
        origin_bytes=fields.whole("originBytes"),
        first_byte=_percentiles(fields.optional("firstByte")),
        latency=_percentiles(fields.optional("latency")),
        read=_percentiles(fields.optional("read")),
        generator=_generator(fields.inner("generator")),
        verdict=fields.choice("verdict", LoadVerdict),
        reason=fields.text("reason", ""),
        html=fields.path_inside("html"),
    )


def _percentiles(fields: Fields | None) -> Percentiles | None:
    if fields is None:
        return None
    names = ("p50", "p90", "p99", "max")
    values = {name: fields.needed(name) for name in names}
    # The greatest value is exact, the others are a histogram's: p99 may lie a bucket above it.
    for lower, higher in pairwise(names[:-1]):
        if values[higher] < values[lower]:
            raise fields.broken(higher, f"is {values[higher]}, below {lower} {values[lower]}")
    return Percentiles(**values)


def _generator(fields: Fields) -> Generator:
    share = fields.number("cpuShare")
    if share is not None and share > 1:
        raise fields.broken("cpuShare", f"is {quote(share)}, must be a share between 0 and 1")
    return Generator(
        cpu_share=share,
        ceiling_bytes_per_second=fields.number("ceilingBytesPerSecond"),
        lag_seconds=fields.number("lagSeconds"),
    )
