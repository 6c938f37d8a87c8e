"""The program of reader pods: reads once, verifies every byte, and tells in one JSON object what it saw.

Rule: its clock starts at the common release, not when it gets its turn; it ends with 0 only when exactly that
happened which its arguments expect; and it leaves a report whatever happens.
"""

import argparse
import errno
import json
import os
import signal
import sys
import time
import urllib.parse
from functools import partial
from types import FrameType

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - it is started with -P

from modes import Goal, list_directory, read_ranges, read_whole, try_to_write
from report import Report, UnexpectedError
from sources import mount_of, open_file, open_url, transport_of

TERMINATION_LOG = "/dev/termination-log"
BARRIER_GRACE_SECONDS = 10.0


def options(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="read.py", description="Read once and verify every byte.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--path", help="file or directory in a mount")
    what.add_argument("--url-file", help="file that holds a URL; the URL itself would be seen in a process list")
    what.add_argument("--objects", type=json.loads, help='JSON: [{"path": …, "seed": …, "size": …}, …]')
    parser.add_argument("--seed", help="what the content has to be; without it, only the SHA-256 is told")
    parser.add_argument("--size", type=int, help="bytes that there have to be")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--ranges", type=int, metavar="K", help="read K ranges of the file, chosen by the seed")
    how.add_argument("--list", action="store_true", help="list the files below the path")
    how.add_argument("--expect-missing", action="store_true", help="success is ENOENT")
    how.add_argument("--expect-readonly", action="store_true", help="success is EROFS when written to")
    parser.add_argument("--barrier", help="URL to POST to; answers when all readers are there")
    parser.add_argument("--midway", help="URL to POST to when half has been read, and again to be let go on")
    parser.add_argument("--termination-log", default=TERMINATION_LOG, help="where to leave the report too")
    chosen = parser.parse_args(arguments)
    if (chosen.seed is None) != (chosen.size is None):
        parser.error("--seed and --size go together: without both, a short file would pass")
    if chosen.ranges is not None and (chosen.seed is None or not chosen.path):
        parser.error("--ranges needs --path, --seed and --size")
    if chosen.midway and (chosen.seed is None or not chosen.path or chosen.ranges is not None):
        parser.error("--midway needs --path, --seed and --size, and no --ranges: else nobody knows where half is")
    return chosen


def wait_at(barrier: str) -> float:
    """Return the moment (epoch seconds) at which all readers were let go."""
    import http.client  # noqa: PLC0415 - only here: a reader without barrier starts faster

    parts = urllib.parse.urlsplit(barrier)
    seconds = float(urllib.parse.parse_qs(parts.query).get("timeout", ["60"])[0])
    patience = seconds + BARRIER_GRACE_SECONDS
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=patience)
    try:
        connection.request("POST", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        document = json.loads(answer.read())
        if answer.status != http.client.OK:
            raise OSError(errno.ETIMEDOUT, document.get("error", f"HTTP {answer.status}"), "barrier")
        return float(document["released_at"])
    except (http.client.HTTPException, ValueError, KeyError) as error:
        raise OSError(errno.EPROTO, repr(error), "barrier") from error
    finally:
        connection.close()


def pause_at(barrier: str) -> None:
    """Say at a barrier that one is there, and go on when one is let go there once more."""
    wait_at(barrier)
    wait_at(barrier)


def perform(chosen: argparse.Namespace, report: Report) -> None:
    """Do what was asked for; OSError and UnexpectedError say what came in between."""
    if chosen.expect_readonly:
        try_to_write(chosen.path)
    elif chosen.list:
        list_directory(report, chosen.path)
    elif chosen.ranges is not None:
        goal = Goal(where=chosen.path, seed=chosen.seed, size=chosen.size)
        read_ranges(report, goal, chosen.ranges)
        report.verified = True
    elif chosen.url_file:
        with open(chosen.url_file, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs time at the start
            url = file.read().strip()
        with open_url(url) as answer:
            read_whole(report, answer, Goal(where="the URL", seed=chosen.seed, size=chosen.size))
        report.verified = chosen.seed is not None
    else:
        midway = partial(pause_at, chosen.midway) if chosen.midway else None
        goals = [Goal(where=one["path"], seed=one["seed"], size=one["size"]) for one in chosen.objects or ()]
        for goal in goals or [Goal(where=chosen.path, seed=chosen.seed, size=chosen.size)]:
            try:
                with open_file(goal.where) as file:
                    read_whole(report, file, goal, midway=midway)
            except OSError as error:
                raise OSError(error.errno, error.strerror, goal.where) from error  # read(2) does not say what it read
        report.verified = bool(goals) or chosen.seed is not None
    if chosen.expect_missing:
        raise UnexpectedError(f"{chosen.path or 'the URL'}: is there")


def expected(chosen: argparse.Namespace, error: Exception | None) -> bool:
    """Return whether an outcome is the one that was asked for."""
    if chosen.expect_missing:
        return isinstance(error, OSError) and error.errno == errno.ENOENT
    if chosen.expect_readonly:
        return isinstance(error, OSError) and error.errno == errno.EROFS
    return error is None


def main(arguments: list[str]) -> int:
    """Wait, read, report."""
    chosen = options(arguments)
    signal.signal(signal.SIGTERM, interrupt)
    report = Report(released_at=time.time())
    seen: Exception | None = None
    try:
        if chosen.barrier:
            report.released_at = wait_at(chosen.barrier)
        perform(chosen, report)
    except Exception as error:  # noqa: BLE001 - whatever it is, the report tells it and the exit code shows it
        seen = error
        report.failed(error, chosen.path or "the URL")
    report.ended()
    path = chosen.path or (chosen.objects[0]["path"] if chosen.objects else None)
    if path:
        report.mount, report.transport = mount_of(path), transport_of(path)
    report.leave(chosen.termination_log)
    return 0 if expected(chosen, seen) else 1


def interrupt(number: int, _frame: FrameType | None) -> None:
    """Turn a signal into an error like others, so that the report is left."""
    # Not EINTR: Python's own readers would take it for a reason to try again.
    raise OSError(errno.ECANCELED, f"ended by {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
