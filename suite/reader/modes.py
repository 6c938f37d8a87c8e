"""The ways to read: whole, in ranges, a directory; and to try what must not work.

Rule: the clock of `read_seconds` runs inside read calls only; verification is not the mount's fault.
"""

import errno
import hashlib
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from content import BUFFER_BYTES, Verifier, page_aligned
from report import Report, UnexpectedError
from sources import Source, listing

LONGEST_RANGE = 3 * BUFFER_BYTES + 7  # bytes: several buffers and a rest


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One object to read, and what it has to be."""

    where: str  # path, or a word for a URL
    seed: str | None = None  # None: whatever it is
    size: int | None = None  # bytes; None: however long it is


def read_whole(report: Report, source: Source, goal: Goal, *, midway: Callable[[], None] | None = None) -> None:
    """Read from front to end and check every byte, and that there is not one less or more.

    `midway` is called once, when half of the goal's size has been read.
    """
    buffer = page_aligned(BUFFER_BYTES)
    verifier = Verifier(goal.seed) if goal.seed is not None else None
    digest = hashlib.sha256()
    before = report.bytes_read
    while count := _timed(report, source, buffer):
        report.got(count)
        if verifier:
            _check(report, verifier, buffer[:count], goal)
        else:
            digest.update(buffer[:count])
        if midway and 2 * (report.bytes_read - before) >= (goal.size or 0):
            midway()
            midway = None
    size = report.bytes_read - before
    if goal.size is not None and size != goal.size:
        raise UnexpectedError(f"{goal.where}: {size} bytes instead of {goal.size}")
    if not verifier:
        report.sha256 = digest.hexdigest()


def read_ranges(report: Report, goal: Goal, count: int) -> None:
    """Read `count` ranges, chosen by the seed, with the first and the last byte among them; check every byte."""
    buffer = page_aligned(BUFFER_BYTES)
    descriptor = os.open(goal.where, os.O_RDONLY)
    try:
        actual = os.fstat(descriptor).st_size
        if actual != goal.size:
            raise UnexpectedError(f"{goal.where}: {actual} bytes instead of {goal.size}")
        for offset, length in ranges(goal.seed or "", actual, count):
            verifier = Verifier(goal.seed or "", offset)
            done = 0
            while done < length:
                piece = buffer[: min(BUFFER_BYTES, length - done)]
                began = time.perf_counter()
                got = os.preadv(descriptor, [piece], offset + done)
                report.read_seconds += time.perf_counter() - began
                if not got:
                    raise UnexpectedError(f"{goal.where}: ends at {offset + done} instead of {actual}")
                report.got(got)
                _check(report, verifier, piece[:got], goal)
                done += got
        if os.preadv(descriptor, [buffer], actual):
            raise UnexpectedError(f"{goal.where}: goes on behind its end at {actual}")
    finally:
        os.close(descriptor)


def ranges(seed: str, size: int, count: int) -> list[tuple[int, int]]:
    """Return [offset, length] of `count` ranges within `size` bytes; as always the same for a seed."""
    if not size:
        return []
    choice = random.Random(f"{seed}/{size}")  # noqa: S311 - reproducible on purpose
    chosen = [(0, 1), (size - 1, 1)]
    while len(chosen) < count:
        offset = choice.randrange(size)
        chosen.append((offset, min(size - offset, choice.randint(1, LONGEST_RANGE))))
    return chosen[:count]


def list_directory(report: Report, path: str) -> None:
    """Note every file below `path` with its size."""
    report.listing = listing(path)
    report.listed = len(report.listing)


def try_to_write(path: str) -> None:
    """Try to make a file and a directory; raise what came of it: EROFS only if both got it."""
    seen = []
    for attempt in (_make_file, os.mkdir):
        try:
            attempt(path)
        except OSError as error:
            seen.append(error)
        else:
            raise UnexpectedError(f"{path}: could be written")
    raise next((refusal for refusal in seen if refusal.errno != errno.EROFS), seen[0])


def _make_file(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def _timed(report: Report, source: Source, buffer: memoryview) -> int:
    began = time.perf_counter()
    try:
        return source.readinto(buffer) or 0
    finally:
        report.read_seconds += time.perf_counter() - began


def _check(report: Report, verifier: Verifier, piece: memoryview, goal: Goal) -> None:
    verifier.check(piece)
    if verifier.first_bad_offset is not None:
        report.first_bad_offset = verifier.first_bad_offset
        raise UnexpectedError(f"{goal.where}: the byte at {verifier.first_bad_offset} is wrong")
