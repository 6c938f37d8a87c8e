"""Readers of a mount: a process each, made before there is any event loop.

A read of a mount blocks, so it cannot be done in the event loop; and threads would wait for Python's lock, which a
thread that has to give up its processor holds on to: with 100 of them the generator would be half a second late.
Rule: a reader does nothing until it is told to, answers once for each time that it is told, and ends with its parent.
"""

import ctypes
import os
import pickle
import resource
import signal
from collections.abc import Mapping
from typing import IO

from content import BUFFER_BYTES, page_aligned
from pulling import Outcome, Work, pull

PR_SET_PDEATHSIG = 1


class Forked:
    """One reader, as seen from the parent."""

    def __init__(self, works: Mapping[str, Work]) -> None:
        orders, self._orders = os.pipe()
        self.answers, answers = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            _serve(works, orders, answers)
        os.close(orders)
        os.close(answers)

    def tell(self, name: str) -> None:
        """Let the reader do the work of that name."""
        os.write(self._orders, f"{name}\n".encode())


def outcome(answers: IO[bytes]) -> Outcome:
    """Read one answer; EOFError when the reader has died."""
    answer = pickle.load(answers)  # noqa: S301 - our own child wrote it
    if not isinstance(answer, Outcome):
        raise TypeError(f"a reader answered {answer!r}")
    return answer


def _serve(works: Mapping[str, Work], orders: int, answers: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    buffer = page_aligned(BUFFER_BYTES)
    with os.fdopen(orders) as told, os.fdopen(answers, "wb") as out:
        for name in told:
            before = _own_seconds()
            done = pull(works[name.strip()], buffer)
            done.cpu_seconds = _own_seconds() - before
            pickle.dump(done, out)
            out.flush()
    os._exit(0)


def _own_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime
