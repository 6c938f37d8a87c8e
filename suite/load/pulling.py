"""One reader's request: the object from front to end, as often as asked for, every byte compared.

Rule: the clock starts at the intended start, which is the common release of all readers, not when one gets its turn.
A wrong byte, one too few or one too many ends the request as failed, and what came with it does not count as verified.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from histogram import Histogram
from reference import Reference

LONGEST_ERROR = 300


class Source(Protocol):
    """Something open for reading, front to back."""

    def piece(self) -> memoryview:
        """Return the next bytes; an empty piece at the end."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every reader does."""

    name: str  # of the phase
    open: Callable[[memoryview], AbstractContextManager[Source]]  # takes the reader's buffer
    reference: Reference
    passes: int  # over the whole object, one after the other


@dataclass(kw_only=True)
class Outcome:
    """What came of one reader's request; times in seconds of time.perf_counter."""

    ended: float = 0.0
    first_byte: float | None = None
    bytes_read: int = 0
    verified_bytes: int = 0  # of passes that were right to the end
    reads: Histogram = field(default_factory=Histogram)  # seconds of each read alone
    error: str = ""
    cpu_seconds: float = 0.0  # of a reader that is a process of its own, in its own code


def pull(work: Work, buffer: memoryview) -> Outcome:
    """Do the work; whatever comes in between stands in the outcome."""
    outcome = Outcome()
    try:
        for _ in range(work.passes):
            with work.open(buffer) as source:
                outcome.verified_bytes += _whole(work.reference, source, outcome)
    except Exception as error:  # noqa: BLE001 - a reader that fails is a failed request, and the others go on
        outcome.error = _told(error)
    outcome.ended = time.perf_counter()
    return outcome


def _whole(reference: Reference, source: Source, outcome: Outcome) -> int:
    offset = 0
    while True:
        asked = time.perf_counter()
        piece = source.piece()
        got = time.perf_counter()
        if not piece:
            break
        if outcome.first_byte is None:
            outcome.first_byte = got
        outcome.reads.record(got - asked)
        outcome.bytes_read += len(piece)
        wrong = reference.first_wrong(piece, offset)
        if wrong is not None:
            raise ValueError(f"the byte at {wrong} is wrong, of {reference.size}")
        offset += len(piece)
    if offset != reference.size:
        raise ValueError(f"{offset} bytes instead of {reference.size}")
    return offset


def _told(error: Exception) -> str:
    kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
    return f"{kind}{error}"[:LONGEST_ERROR]
