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
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), os.environ.get("READER_DIRECTORY", "/opt/reader")]  # it is started with -P

from forked import Forked
from places import File, Nowhere, Url
from pulling import Work
from reference import Reference

CEILING_SECONDS = 0.4
ENDLESS = 1 << 30  # passes
LINE = 4000  # characters of a line of the page; container runtimes cut longer ones than 16 KiB


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
    chosen = parser.parse_args(arguments)
    if min(chosen.users, chosen.passes, chosen.size) < 1:
        parser.error("--users, --passes and --size begin at 1: nothing would be measured")
    return chosen


def main(arguments: list[str]) -> int:
    """Measure the generator, then the phase; print the result and Locust's page."""
    chosen = options(arguments)
    reference = Reference(chosen.seed, chosen.size)
    place = File(chosen.path) if chosen.path else Url(Path(chosen.url_file).read_text(encoding="utf-8").strip())
    nowhere = Nowhere(reference, seconds=CEILING_SECONDS)
    phase = Work(name=chosen.phase, open=place.open, reference=reference, passes=chosen.passes)
    ceiling = Work(name="ceiling", open=nowhere.open, reference=reference, passes=ENDLESS)
    works = {work.name: work for work in (phase, ceiling)}
    readers = [Forked(works) for _ in range(chosen.users)] if chosen.path else []

    from gevent import monkey  # noqa: PLC0415 - after the last fork: an event loop has no place in a reader

    monkey.patch_all()
    from measuring import measure  # noqa: PLC0415 - after that: it imports Locust

    result, page = measure(phase, ceiling, users=chosen.users, readers=readers, seconds=chosen.patience)
    from sources import mount_of, transport_of  # noqa: PLC0415 - it brings http along, which had to be patched first

    transport = transport_of(chosen.path) or mount_of(chosen.path)["fstype"] if chosen.path else "http"
    own = {"objectBytes": chosen.size, "passes": chosen.passes, "transport": transport}
    leave(result | own, page)
    # Not sys.exit, which would wait for Locust's greenlets; readers that hang in a dead mount end with this process.
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
