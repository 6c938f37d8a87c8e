"""A phase of load: a crowd of Locust users in one pod, what it cost the origin, and what the generator says of itself.

Rule: a phase fails where a byte is missing or wrong, or the origin gave another number of bytes, so also when no
request came to an end; it is void where it proves nothing (no crowd, a generator at its limit).
"""

import base64
import binascii
import gzip
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from suite.errors import NothingObserved
from suite.origin import Cost
from suite.verdicts import Verdict

CEILING_SHARE = 0.8  # of what the generator can take at all; above this the figure would be its own
# In the generator's own code. Readers of a file in memory, which is as fast as any cache can be, take 0.4 of two.
CPU_SHARE = 0.6
# A reader's first byte is known no better than the generator's event loop is punctual.
LAG_SECONDS = 0.05
LAG_SHARE = 0.5  # of the time to the first byte


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a phase has to be."""

    users: int
    bytes_each: int
    origin_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPhase:
    """One crowd's pass, as the generator reported it, and its cost."""

    expected: Expectation
    result: dict[str, Any]  # as the pod printed it
    cost: Cost
    html: str  # Locust's own page, relative to the run's directory

    @property
    def name(self) -> str:
        """direct, cold or warm."""
        return str(self.result["name"])

    @property
    def began(self) -> float:
        """When all were released, in seconds since the epoch."""
        return float(self.result["began"])

    @property
    def ended(self) -> float:
        """When the slowest had its last byte."""
        return self.began + float(self.result["seconds"])

    @property
    def everything(self) -> int:
        """Bytes that all users together have to read."""
        return self.expected.users * self.expected.bytes_each

    def failures(self) -> list[str]:
        """Say what is wrong with what the crowd read: whole sentences, none when every byte came and is right."""
        seen, wanted, everything = self.result, self.expected, self.everything
        told = []
        if seen["requests"] != wanted.users:
            told.append(f"{seen['requests']} of {wanted.users} requests came to an end")
        if seen["failures"]:
            told.append(f"{seen['failures']} requests failed: {'; '.join(seen['errors'])}")
        if seen["verifiedBytes"] != everything or seen["bytes"] != everything:
            told.append(f"{seen['verifiedBytes']} of {seen['bytes']} bytes verified, expected {everything}")
        return told

    def misjudged_cost(self) -> list[str]:
        """Say how the origin's bytes differ from what the phase must cost."""
        spent, wanted = self.cost.origin_bytes, self.expected.origin_bytes
        told = [] if spent == wanted else [f"the origin gave {spent} bytes in {self.cost.gets} GETs, expected {wanted}"]
        if self.result["verifiedBytes"] != self.everything:
            told.append("not everything was read, so the origin's bytes prove nothing")
        return told

    def too_few(self) -> list[str]:
        """Say why this was no crowd."""
        seen, wanted = self.result["peakUsers"], self.expected.users
        return [] if seen >= wanted else [f"at most {seen} of {wanted} requests were under way at the same time"]

    def limits(self) -> list[str]:
        """Say in what the generator was at its limit, so that the figures would be its own."""
        seen, generator = self.result, self.result["generator"]
        if not seen["requests"] or not seen["seconds"]:
            return ["nothing was read, so nothing is known of the generator's limits"]
        told, rate = [], seen["bytes"] / seen["seconds"]
        highest = generator["ceilingBytesPerSecond"]
        if rate >= CEILING_SHARE * highest:
            most = f"more than {CEILING_SHARE:.0%} of the {highest / 1e6:.0f} MB/s that it can take at all"
            told.append(f"the generator read {rate / 1e6:.0f} MB/s, {most}")
        if generator["cpuShare"] >= CPU_SHARE:
            told.append(f"the generator's own code took {generator['cpuShare']:.0%} of all processors")
        lag, first = generator["lagSeconds"], (seen["firstByte"] or {}).get("p50", 0.0)
        if lag is None or lag > max(LAG_SECONDS, LAG_SHARE * first):
            told.append(
                f"the generator's event loop was {lag} s late (p99), its median first byte came after {first} s"
            )
        return told

    def judge(self) -> tuple[Verdict, str]:
        """Return pass, fail or void, and why."""
        if bad := [*self.failures(), *self.misjudged_cost()]:
            return Verdict.FAIL, "; ".join(bad)
        if doubts := [*self.too_few(), *self.limits()]:
            return Verdict.VOID, "; ".join(doubts)
        return Verdict.PASS, ""

    def as_data(self) -> dict[str, Any]:
        """Return the phase as the report keeps it."""
        verdict, reason = self.judge()
        kept = {key: value for key, value in self.result.items() if value is not None and key not in NOT_KEPT}
        own = {"originBytes": self.cost.origin_bytes, "verdict": str(verdict), "reason": reason, "html": self.html}
        return kept | own


NOT_KEPT = frozenset({"pageDigest", "began", "users", "errors"})


def decode(log: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return result and page from the lines that a load pod printed; NothingObserved when some are missing."""
    results = [line.removeprefix("result ") for line in log if line.startswith("result ")]
    if len(results) != 1:
        raise NothingObserved(
            f"{len(results)} results in the load pod's log, its end is: {' | '.join(log[-5:])[-500:]}"
        )
    result: dict[str, Any] = json.loads(results[0])
    packed = "".join(line.removeprefix("page ") for line in log if line.startswith("page "))
    try:
        page = gzip.decompress(base64.b64decode(packed, validate=True))
    except (binascii.Error, OSError, EOFError, zlib.error) as error:
        raise NothingObserved(f"Locust's page did not come through the pod's log: {error}") from error
    if hashlib.sha256(page).hexdigest() != result["pageDigest"]:
        raise NothingObserved(f"Locust's page did not come whole through the pod's log: {len(page)} bytes of it")
    return result, page.decode()
