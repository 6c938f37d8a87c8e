"""One measurement: what the generator can do at most, then the phase, each with the whole crowd.

Rule: times count from the common release; what nobody saw is None, never 0.
"""

import time
from typing import Any

from crowd import Crowd, gather
from forked import Forked
from histogram import Histogram
from locust.html import get_html_report
from pulling import Work
from pulse import Pulse

CEILING_PATIENCE_SECONDS = 20.0
CEILINGS = 6  # measured at most, and two at least
CLEAR_OF_THE_CEILING = 2.0  # a phase that is this far below is beyond doubt
TOLD_ERRORS = 5


def measure(
    phase: Work, ceiling: Work, *, users: int, readers: list[Forked], seconds: float
) -> tuple[dict[str, Any], str]:
    """Return the phase as plain data, and Locust's own report of it."""

    def most() -> float:
        return throughput(gather(ceiling, users=users, readers=readers, seconds=CEILING_PATIENCE_SECONDS)[0])

    before = most()
    pulse, clock = Pulse(), time.time() - time.perf_counter()
    crowd, environment = gather(phase, users=users, readers=readers, seconds=seconds)
    share = pulse.stop(sum(outcome.cpu_seconds for outcome in crowd.outcomes))
    page = str(get_html_report(environment, show_download_link=False))
    # Whatever else ran can only have made the ceiling lower, so it is looked for again while it is in doubt. Readers
    # that are still at work could not begin anew.
    ceilings, enough = [before], CLEAR_OF_THE_CEILING * throughput(crowd)
    while crowd.complete.is_set() and len(ceilings) < CEILINGS and (len(ceilings) == 1 or max(ceilings) < enough):
        ceilings.append(most())
    generator = {
        "cpuShare": share,
        "ceilingBytesPerSecond": max(ceilings),
        "lagSeconds": pulse.lags.percentile(0.99) if pulse.lags.samples else None,
    }
    return figures(crowd) | {"began": clock + crowd.started, "generator": generator}, page


def throughput(crowd: Crowd) -> float:
    """Return byte/s of all users together; 0 when none came to its end."""
    ended = max((outcome.ended for outcome in crowd.outcomes), default=0.0)
    return sum(outcome.bytes_read for outcome in crowd.outcomes) / (ended - crowd.started) if ended else 0.0


def figures(crowd: Crowd) -> dict[str, Any]:
    """Return what the users of a phase saw."""
    done, released = crowd.outcomes, crowd.started
    first, latency, reads = Histogram(), Histogram(), Histogram()
    for outcome in done:
        if outcome.first_byte is not None:
            first.record(outcome.first_byte - released)
        latency.record(outcome.ended - released)
        reads.merge(outcome.reads)
    return {
        "name": crowd.work.name,
        "users": crowd.users,
        "peakUsers": crowd.most_under_way,
        "requests": len(done),
        "failures": sum(1 for each in done if each.error),
        "errors": sorted({each.error for each in done if each.error})[:TOLD_ERRORS],
        "bytes": sum(each.bytes_read for each in done),
        "verifiedBytes": sum(each.verified_bytes for each in done),
        "seconds": max((each.ended for each in done), default=released) - released,
        "firstByte": first.figures(),
        "latency": latency.figures(),
        "read": reads.figures(),
    }
