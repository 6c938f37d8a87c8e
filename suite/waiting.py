"""Waiting: the only place in the suite that sleeps.

Every wait names what it waits for, says what it last saw and since when it saw that, and fails at once when
the object enters a state that it cannot leave. A wait that saw nothing at all is an error, not a time-out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from suite.errors import NothingObserved, WaitFailed

Seen = TypeVar("Seen")


def _nothing(_: object) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a wait may take, how often it looks, and whom it asks whether waiting still makes sense."""

    pause_seconds: float = 0.15
    alive: Callable[[], None] = lambda: None  # raises when the infrastructure is dead
    details: Callable[[], str] = lambda: ""  # one or more lines that explain a failure


def until(
    what: str,
    observe: Callable[[], Seen | None],
    accept: Callable[[Seen], bool],
    *,
    seconds: float,
    describe: Callable[[Seen], str] = repr,
    hopeless: Callable[[Seen], str | None] = _nothing,
    patience: Patience | None = None,
) -> Seen:
    """Look until `accept` is true and return what was then seen.

    `observe` returns None for "not there yet"; `hopeless` returns the reason why waiting on is in vain.
    Raises WaitFailed (with what was last seen), NothingObserved when every look saw None.
    """
    patience = patience or Patience()
    began = time.monotonic()
    story = _Story()
    while True:
        patience.alive()
        seen = observe()
        story.add(None if seen is None else describe(seen))
        if seen is not None:
            if accept(seen):
                return seen
            if reason := hopeless(seen):
                raise WaitFailed(story.told(f"{what} is out of reach: {reason}.", patience.details()))
        if time.monotonic() - began >= seconds:
            headline = f"{what} did not happen in {seconds:.1f} s."
            if story.empty:
                raise NothingObserved(story.told(headline, patience.details()))
            raise WaitFailed(story.told(headline, patience.details()))
        time.sleep(patience.pause_seconds)


class _Story:
    """What a wait has seen: the last state, since when, and how often it looked."""

    def __init__(self) -> None:
        self.last: str | None = None
        self.since = datetime.now(tz=UTC)
        self.looks = 0
        self.empty = True

    def add(self, state: str | None) -> None:
        self.looks += 1
        self.empty = self.empty and state is None
        if state != self.last:
            self.last, self.since = state, datetime.now(tz=UTC)

    def told(self, headline: str, details: str) -> str:
        state = "nothing: the object was not there" if self.last is None else self.last
        lines = [headline, f"  last seen  {state} since {self.since:%H:%M:%S} ({self.looks} observations)"]
        return "\n".join(lines + [f"  {line}" for line in details.splitlines() if line])
