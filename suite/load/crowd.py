"""A crowd: Locust's users, who wait for one common release, read at once, and go.

Rule: the intended start of every request is the release, one moment for all. Who reads the origin does so in the
event loop; who reads a mount is a process of its own, and its user waits for the answer.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
from content import BUFFER_BYTES, page_aligned
from forked import Forked, outcome
from gevent.event import AsyncResult, Event
from gevent.fileobject import FileObject
from locust import User, stats, task
from locust.env import Environment
from locust.exception import StopUser
from pulling import Outcome, Work, pull

ARRIVAL_SECONDS = 30.0
stats.HISTORY_STATS_INTERVAL_SEC = 1  # Locust's own 5 are as long as a whole phase: its charts would be one point


@dataclass
class Crowd:
    """What the users of one phase share."""

    work: Work
    users: int
    arrived: int = 0
    under_way: int = 0
    most_under_way: int = 0
    released: AsyncResult = field(default_factory=AsyncResult)  # time.perf_counter at the release
    complete: Event = field(default_factory=Event)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def started(self) -> float:
        """When all were let go; ValueError when they never were."""
        if not self.released.ready():
            raise ValueError(f"{self.arrived} of {self.users} users came to the start")
        return float(self.released.get())

    def arrive(self) -> float:
        """Wait until all are there; return when they were let go."""
        self.arrived += 1
        if self.arrived == self.users:
            self.released.set(time.perf_counter())
        released: float = self.released.get(timeout=ARRIVAL_SECONDS)
        return released

    def begin(self) -> None:
        """Count a request that is asked for, from now until it is answered."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)

    def leave(self, outcome: Outcome) -> None:
        """Count what a user has done."""
        self.under_way -= 1
        self.outcomes.append(outcome)
        if len(self.outcomes) == self.users:
            self.complete.set()


class Reader(User):
    """One reader, one request."""

    abstract = True
    crowd: Crowd

    @task
    def read(self) -> None:
        """Read, tell Locust with the bytes that really came, and go."""
        released = self.crowd.arrive()
        self.crowd.begin()
        outcome = self.request()
        self.environment.events.request.fire(
            request_type="READ",
            name=self.crowd.work.name,
            response_time=(outcome.ended - released) * 1000,
            response_length=outcome.bytes_read,
            exception=RuntimeError(outcome.error) if outcome.error else None,
            context={},
        )
        self.crowd.leave(outcome)
        raise StopUser

    def request(self) -> Outcome:
        """Do the work."""
        raise NotImplementedError


class OriginReader(Reader):
    """Reads from the origin, over a socket that gevent has made cooperative."""

    abstract = False

    def on_start(self) -> None:
        """Get ready before the release, so that none of it is measured."""
        self.buffer = page_aligned(BUFFER_BYTES)

    def request(self) -> Outcome:
        """Do the work in the event loop."""
        return pull(self.crowd.work, self.buffer)


class MountReader(Reader):
    """Reads a file of a mount, by a process of its own."""

    abstract = False
    idle: list[Forked]

    def on_start(self) -> None:
        """Take one of the processes."""
        self.reader = self.idle.pop()

    def request(self) -> Outcome:
        """Let the process do the work."""
        try:
            self.reader.tell(self.crowd.work.name)
            with FileObject(self.reader.answers, "rb", close=False) as answers:
                return outcome(answers)
        except (EOFError, OSError) as error:
            return Outcome(ended=time.perf_counter(), error=f"the reader's process has died: {error!r}")


def gather(work: Work, *, users: int, readers: list[Forked], seconds: float) -> tuple[Crowd, Environment]:
    """Run one crowd to its end, or until `seconds` are over; return it with Locust's own record of it.

    With `readers`, one for each user, these read; without, the users do so themselves.
    """
    crowd = Crowd(work=work, users=users)
    kind = MountReader if readers else OriginReader
    attributes: dict[str, Any] = {"crowd": crowd, "abstract": False, "idle": [*readers]}
    environment = Environment(user_classes=[type(kind.__name__, (kind,), attributes)], locustfile=Path(__file__).name)
    runner = environment.create_local_runner()
    gevent.spawn(stats.stats_history, runner)
    runner.start(users, spawn_rate=users)
    crowd.complete.wait(timeout=seconds)
    return crowd, environment
