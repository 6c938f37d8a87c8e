"""What a phase of reading must have cost and brought, and what of it is kept for the report."""

import statistics

from suite.reading_phase import Phase
from suite.recording import Figure, Record


def keep(record: Record, phase: Phase, *, state: str) -> None:
    """Keep a phase's figures: the throughput of all readers together, from the release to the last byte.

    One phase is one sample of it; the interval is what it would be by the slowest and by the fastest reader.
    """
    good = [r for r in phase.readings if r.verified and r.seconds]
    total = sum(r.bytes_read for r in good)
    record.observe("readers", [str(reading) for reading in phase.readings])
    if not good:
        return
    record.phase(phase.name, start=phase.start, end=phase.end, dataset=phase.dataset)
    record.measurement(
        name=f"{phase.name}-read",
        phase=phase.name,
        unit="byte/s",
        value=total / phase.seconds,
        low=total / max(phase.seconds, *(r.seconds for r in good)),
        high=total / min(r.seconds for r in good),
        samples=len(good),
        void=len(phase.readings) - len(good),
        state=state,
        transport=", ".join(sorted({r.transport or r.mount or "http" for r in good})),
        originBytes=phase.cost.origin_bytes,
        readBytes=total,
        seconds=round(phase.seconds, 3),
        perReader=[
            {"pod": r.pod, "node": r.node, "seconds": r.seconds, "bytes": r.bytes_read, "verified": r.verified}
            for r in phase.readings
        ],
    )


def keep_speed_up(record: Record, *, warm: Phase, direct: Phase, size: int, cap: float) -> None:
    """Keep how many times as fast warm readers of an object were as direct ones, by the median reader of each."""
    slow, fast = [r.seconds for r in direct.readings], [r.seconds for r in warm.readings]
    record.ratio(
        name="warm/direct",
        value=round(statistics.median(slow) / statistics.median(fast), 2),
        low=round(min(slow) / max(fast), 2),
        high=round(max(slow) / min(fast), 2),
        floor=1.0,
        numerator=Figure(name="warm", value=size / statistics.median(fast), unit="byte/s"),
        denominator=Figure(name="direct", value=size / statistics.median(slow), unit="byte/s"),
        rounds=1,
        how=f"The object's bytes by the seconds of the median of {len(fast)} readers, from the common release to the "
        f"last byte, every byte compared; the origin is capped at {cap / 1e6:g} MB/s.",
    )


def verified(phase: Phase, size: int) -> None:
    """Demand that every reader got every byte; wrong bytes are no bytes."""
    bad = [str(r) for r in phase.readings if not r.verified or r.bytes_read != size]
    assert phase.readings, f"no reader of phase {phase.name} reported"
    assert not bad, "readers without all their bytes:\n  " + "\n  ".join(bad)


def cost_the_origin(phase: Phase, times: int, size: int) -> None:
    """Demand that a phase cost the origin so many times the object, to the byte."""
    seen = phase.cost.origin_bytes
    told = f"phase {phase.name} cost the origin {seen} bytes ({seen / size:.2f} × the object, {phase.cost.gets} GETs)"
    assert seen == times * size, f"{told}, expected {times} × {size}"
