"""The program of load pods: a crowd of Locust users reads at once, and tells what it saw in its log.

Rule: it measures and says; who judges is the suite. It leaves a result whatever its readers met, and none at all
when it could not measure.
"""

import argparse
import base64
import gzip
import hashlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from gevent import monkey

monkey.patch_all()  # before anything imports socket or ssl

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), os.environ.get("READER_DIRECTORY", "/opt/reader")]  # it is started with -P

from crowd import Crowd, MountReader, OriginReader, Reader, gather, page
from histogram import Histogram
from places import File, Nowhere, Url
from pulling import Work
from pulse import Pulse
from reference import Reference

CEILING_SECONDS = 0.4
CEILING_PATIENCE_SECONDS = 20.0
LINE = 4000  # characters of a line of the page; container runtimes cut longer ones than 16 KiB
TOLD_ERRORS = 5


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One phase, as the generator saw it and itself."""

    crowd: Crowd
    began: float  # seconds since the epoch: the release
    ceiling: float  # byte/s
    cpu_share: float
    lags: Histogram

    def document(self) -> dict[str, object]:
        """Return the result as plain data; times in seconds from the common release."""
        crowd = self.crowd
        released = crowd.released.value or 0.0
        done = crowd.outcomes
        first, latency, reads = Histogram(), Histogram(), Histogram()
        for outcome in done:
            if outcome.first_byte is not None:
                first.record(outcome.first_byte - released)
            latency.record(outcome.ended - released)
            reads.merge(outcome.reads)
        return {
            "name": crowd.work.name,
            "users": crowd.users,
            "peakUsers": peak([(each.began, each.ended) for each in done]),
            "requests": len(done),
            "failures": sum(1 for each in done if each.error),
            "errors": sorted({each.error for each in done if each.error})[:TOLD_ERRORS],
            "bytes": sum(each.bytes_read for each in done),
            "verifiedBytes": sum(each.verified_bytes for each in done),
            "began": self.began,
            "seconds": max((each.ended for each in done), default=released) - released,
            "firstByte": first.figures(),
            "latency": latency.figures(),
            "read": reads.figures(),
            "generator": {
                "cpuShare": self.cpu_share,
                "ceilingBytesPerSecond": self.ceiling,
                "lagSeconds": self.lags.percentile(0.99) if self.lags.samples else None,
            },
        }


def peak(spans: list[tuple[float, float]]) -> int:
    """Return how many of these spans of time lay over each other at most."""
    changes = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    highest = now = 0
    for _, change in changes:
        now += change
        highest = max(highest, now)
    return highest


def options(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="load.py", description="Read with many users at once, verify every byte.")
    parser.add_argument("--phase", required=True, help="its name")
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--seed", required=True, help="what the content has to be")
    parser.add_argument("--size", type=int, required=True, help="bytes of the object")
    parser.add_argument("--passes", type=int, default=1, help="how often each user reads the whole object")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds that the phase may take")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--path", help="file in a mount")
    what.add_argument("--url-file", help="file that holds a URL; the URL itself would be seen in a process list")
    return parser.parse_args(arguments)


def ceiling(kind: type[Reader], reference: Reference, users: int) -> float:
    """Return how many byte/s the same users verify when reading costs nothing."""
    nowhere = Nowhere(reference, seconds=CEILING_SECONDS)
    work = Work(name="ceiling", open=nowhere.open, reference=reference, passes=1 << 30)
    crowd, environment = gather(kind, work, users=users, seconds=CEILING_PATIENCE_SECONDS)
    environment.runner.quit()
    ended = max(outcome.ended for outcome in crowd.outcomes)
    return sum(outcome.bytes_read for outcome in crowd.outcomes) / (ended - crowd.released.value)


def main(arguments: list[str]) -> int:
    """Measure the generator, then the phase; print the result and Locust's page."""
    chosen = options(arguments)
    reference = Reference(chosen.seed, chosen.size)
    kind: type[Reader] = MountReader if chosen.path else OriginReader
    place = File(chosen.path) if chosen.path else Url(Path(chosen.url_file).read_text(encoding="utf-8").strip())
    highest = ceiling(kind, reference, chosen.users)
    work = Work(name=chosen.phase, open=place.open, reference=reference, passes=chosen.passes)
    clock = time.time() - time.perf_counter()
    pulse = Pulse()
    crowd, environment = gather(kind, work, users=chosen.users, seconds=chosen.patience)
    share = pulse.stop()
    began = clock + (crowd.released.value or time.perf_counter())
    seen = Observed(crowd=crowd, began=began, ceiling=highest, cpu_share=share, lags=pulse.lags)
    leave(seen.document(), page(environment))
    # Not sys.exit: a thread that hangs in a read of a dead mount would keep the pod for ever.
    os._exit(0)


def leave(result: dict[str, object], html: str) -> None:
    """Print the page, line by line, and then the result with the page's digest."""
    text = html.encode()
    packed = base64.b64encode(gzip.compress(text)).decode()
    for start in range(0, len(packed), LINE):
        print(f"page {packed[start : start + LINE]}")
    print("result " + json.dumps(result | {"pageDigest": hashlib.sha256(text).hexdigest()}), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
