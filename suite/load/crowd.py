"""A crowd: Locust's users, who wait for one common release, read at once, and go.

Rule: the intended start of every request is the release, one moment for all. Who reads a mount blocks a thread of
its own; who reads the origin waits in the event loop.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import gevent
from content import BUFFER_BYTES
from gevent.event import AsyncResult, Event
from gevent.threadpool import ThreadPool
from locust import User, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.html import get_html_report
from locust.stats import stats_history
from pulling import Outcome, Work, pull

ARRIVAL_SECONDS = 30.0
TASK_SECONDS = 0.0  # between a user's requests: there is only one


@dataclass
class Crowd:
    """What the users of one phase share."""

    work: Work
    users: int
    arrived: int = 0
    released: AsyncResult = field(default_factory=AsyncResult)  # time.perf_counter at the release
    complete: Event = field(default_factory=Event)
    outcomes: list[Outcome] = field(default_factory=list)

    def arrive(self) -> float:
        """Wait until all are there; return when they were let go."""
        self.arrived += 1
        if self.arrived == self.users:
            self.released.set(time.perf_counter())
        released: float = self.released.get(timeout=ARRIVAL_SECONDS)
        return released

    def leave(self, outcome: Outcome) -> None:
        """Count what a user has done."""
        self.outcomes.append(outcome)
        if len(self.outcomes) == self.users:
            self.complete.set()


class Reader(User):
    """One reader, one request."""

    abstract = True
    crowd: Crowd

    def on_start(self) -> None:
        """Get ready before the release, so that none of it is measured."""
        self.buffer = memoryview(bytearray(BUFFER_BYTES))

    @task
    def read(self) -> None:
        """Read, tell Locust with the bytes that really came, and go."""
        released = self.crowd.arrive()
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

    def request(self) -> Outcome:
        """Do the work in the event loop."""
        return pull(self.crowd.work, self.buffer)


class MountReader(Reader):
    """Reads a file: a read of a mount blocks, and does so outside Python's lock."""

    abstract = False
    threads: ThreadPool

    def request(self) -> Outcome:
        """Do the work in a thread."""
        outcome: Outcome = self.threads.apply(pull, (self.crowd.work, self.buffer))
        return outcome


def gather(kind: type[Reader], work: Work, *, users: int, seconds: float) -> tuple[Crowd, Environment]:
    """Run one crowd to its end, or until `seconds` are over; return it with Locust's own record of it."""
    crowd = Crowd(work=work, users=users)
    attributes: dict[str, Any] = {"crowd": crowd, "abstract": False}
    if kind is MountReader:
        attributes["threads"] = ThreadPool(users)
        attributes["threads"].size = users  # started now, not while the first ones are reading already
    environment = Environment(user_classes=[type(kind.__name__, (kind,), attributes)], events=events)
    runner = environment.create_local_runner()
    gevent.spawn(stats_history, runner)
    runner.start(users, spawn_rate=users)
    crowd.complete.wait(timeout=seconds)
    return crowd, environment


def page(environment: Environment) -> str:
    """Return Locust's own report."""
    return str(get_html_report(environment, show_download_link=False))
