"""The end of a story: everything is deleted, and a sweep says what is left of it.

Rule: what has to be gone was seen while it was there; a sweep that sees nothing then is blind, and finds no leak.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from suite import snapshot, sweep, waiting
from suite.case import Case
from suite.environment import Environment
from suite.errors import NothingObserved, WaitFailed
from suite.snapshot import Snapshot, Trace
from suite.sweep import Leftovers

READERS = "app.kubernetes.io/component=reader"
SWEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What was still there when the time of the release, and after it that of the sweep, was over."""

    present: frozenset[str]  # the sorts of things that were there in the middle of it
    unread: str  # why no reader came to read; "" when all did
    left: Leftovers
    seconds: float  # that the sweep waited for it to go
    late: str  # why Dataset or runtime had not gone when the sweep began; "" when they had

    def of(self, *sorts: str) -> list[Trace]:
        """Return the leaks of these sorts; NothingObserved where no such thing was seen even while it was there."""
        if unseen := [sort for sort in sorts if sort not in self.present]:
            nothing = f"no {' and no '.join(unseen)} was seen while readers were there: that none is left says nothing"
            raise AssertionError(f"{nothing}: {self.unread}") if self.unread else NothingObserved(nothing)
        return [leak for sort in sorts for leak in self.left.of(sort)]

    def told(self, leaks: Sequence[Trace]) -> str:
        """Return how long these leaks have been left, and what they are."""
        told = Leftovers(leaks=tuple(leaks), known=()).told()
        if self.late:
            return f"{len(leaks)} left over, for the release did not end: {self.late}\n{told}"
        return f"{len(leaks)} left over {self.seconds:.1f} s after Dataset and runtime had gone:\n{told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Takes one story's Dataset down."""

    environment: Environment
    case: Case
    before: Snapshot  # of the time when nothing of the story existed

    def look(self) -> Leftovers:
        """Return what there is of the story now."""
        self.case.pods()
        now = snapshot.take(self.environment.cluster, self.environment.target)
        return sweep.compare_case(self.before, now, namespace=self.case.namespace, uids=self.case.pod_uids)

    def run(self, dataset: str, *, secrets: Sequence[str], present: Leftovers, unread: str) -> Released:
        """Delete readers, Dataset and Secrets, wait, and sweep until nothing is left or the time is over."""
        self.case.delete_pods([pod["metadata"]["name"] for pod in self.case.pods(READERS)])
        self.case.delete_dataset(dataset)
        late = ""
        try:
            self.case.wait_released(dataset)
        except WaitFailed as failure:
            late = str(failure)
        for name in secrets:
            if mine := self.case.get("v1", "Secret", name):
                self.environment.cluster.delete(mine)
        began, seen = time.monotonic(), list[Leftovers]()

        def look() -> Leftovers:
            seen[:] = [self.look()]
            return seen[0]

        # Each sort of thing that stays is a requirement of its own, so no wait fails here: the tests tell them apart.
        with suppress(WaitFailed):
            waiting.until(
                f"nothing left of {self.case.namespace}",
                look,
                lambda left: not left.leaks,
                seconds=0.0 if late else SWEEP_SECONDS,
                patience=self.case.patience,
            )
        sorts = frozenset(trace.sort for trace in present.leaks)
        return Released(present=sorts, unread=unread, left=seen[0], seconds=time.monotonic() - began, late=late)
