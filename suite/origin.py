"""The origin as the suite uses it: buckets, seeded objects, and what their reading cost.

Rule: a phase is the difference of two readings of the origin meter for the objects concerned. What is under way when
its readers have ended (a cache may read ahead of one that gave up) is waited for, for a moment. A phase that ends while
an answer is still under way then, or whose meter went backwards, is void.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from fixtures.gateway.client import Gateway, ObjectMeter
from fixtures.stores import Store
from suite import waiting
from suite.errors import Void, WaitFailed

SETTLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededObject:
    """An object whose content is a function of seed and offset, so that any range can be verified alone."""

    bucket: str
    key: str
    seed: str
    size: int  # bytes

    @property
    def metered_as(self) -> str:
        """Return the name under which the origin meter counts the object."""
        return f"/{self.bucket}/{self.key}"


@dataclass(slots=True)
class Cost:
    """What a phase cost the origin; filled in when the phase has ended."""

    origin_bytes: int = 0  # body bytes of GET answers, for the phase's objects
    gets: int = 0
    errors: int = 0
    by_object: dict[str, int] = field(default_factory=dict)


class Origin:
    """One store behind one gateway, by one of its doors: buckets, objects and what they cost are the same by all."""

    def __init__(self, store: Store, gateway: Gateway) -> None:
        self.store, self.gateway = store, gateway

    def put(self, bucket: str, key: str, *, seed: str, size: int) -> SeededObject:
        """Store an object of that seed and size; the bucket must exist."""
        self.store.put(bucket, key, seed=seed, size=size)
        return SeededObject(bucket=bucket, key=key, seed=seed, size=size)

    def _settled(self, objects: Sequence[SeededObject]) -> Mapping[str, ObjectMeter]:
        """Return the meter's counters once no answer for these objects is under way, or as they are after a moment."""
        names = {item.metered_as for item in objects}
        try:
            return waiting.until(
                "the end of all answers",
                lambda: self.gateway.meter().objects,
                lambda seen: not any(counters.in_flight for name, counters in seen.items() if name in names),
                seconds=SETTLE_SECONDS,
            )
        except WaitFailed:
            return self.gateway.meter().objects

    @contextmanager
    def phase(self, *objects: SeededObject) -> Iterator[Cost]:
        """Measure what the enclosed reads cost the origin, for these objects alone."""
        before = self.gateway.meter().objects
        cost = Cost()
        yield cost
        after = self._settled(objects)
        for item in objects:
            old, new = before.get(item.metered_as), after.get(item.metered_as)
            if new is None:
                continue
            if new.in_flight:
                raise Void(f"{new.in_flight} answers for {item.metered_as} are still under way at the end of the phase")
            spent = new.get_bytes - (old.get_bytes if old else 0)
            if spent < 0:
                raise Void(f"the origin meter of {item.metered_as} went backwards by {-spent} bytes")
            cost.by_object[item.metered_as] = spent
            cost.gets += new.gets - (old.gets if old else 0)
            cost.errors += new.errors - (old.errors if old else 0)
        cost.origin_bytes = sum(cost.by_object.values())
