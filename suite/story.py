"""The scenario's course: zero, Bound, direct, cold, warm, released; each stage taken once, in this order."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from suite import scenario, snapshot, sweep, waiting
from suite.case import Case
from suite.cluster import Object
from suite.environment import Environment
from suite.errors import NothingObserved, WaitFailed
from suite.origin import SeededObject
from suite.reading_phase import URL_SECRET, Phase, ReadingPhases
from suite.snapshot import Snapshot, Trace
from suite.stages import stage
from suite.sweep import Leftovers

BUCKET, NAME = scenario.BUCKET, scenario.NAME
KEY = "largefile-30G"  # as in the article; scaled in bytes, not in kind
WORKERS = 5  # as in the article
CACHED_SECONDS = 120.0  # one sync period (contract: FLUID-STATUS-CACHE-005)
SWEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The Dataset when it was Bound, and how long that took from its creation."""

    created: Object  # the Dataset as it was first stored
    dataset: Object
    runtime: Object
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What was still there when the time of the release, and after it that of the sweep, was over."""

    present: frozenset[str]  # the sorts of things that were there in the middle of it: a blind sweep finds nothing
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


def scenario_object(environment: Environment) -> SeededObject:
    """Return what the scenario reads: one object, whose content follows from the run's seed."""
    size = environment.settings.object_bytes
    return SeededObject(bucket=BUCKET, key=KEY, seed=environment.seed_for(KEY), size=size)


def upload(environment: Environment) -> None:
    """Make the scenario's object and store it, as a stream and with its progress to be seen."""
    wanted = scenario_object(environment)
    environment.oss.store.make_bucket(wanted.bucket)
    environment.oss.put(wanted.bucket, wanted.key, seed=wanted.seed, size=wanted.size)


@dataclass(kw_only=True)
class Story:
    """The scenario in one namespace."""

    environment: Environment
    case: Case

    @stage
    def zero(self) -> Snapshot:
        """Look at everything before the first object of the story exists."""
        return snapshot.take(self.environment.cluster, self.environment.target)

    @stage
    def content(self) -> SeededObject:
        """Return the object that the run uploaded before its first test."""
        return scenario_object(self.environment)

    def manifests(self) -> list[Object]:
        """Return Secret, Dataset and JindoRuntime as the article writes them."""
        return scenario.dataset_objects(self.environment.oss.store.naming)

    @stage
    def bound(self) -> Bound:
        """Create Secret, Dataset and runtime, and wait for Bound with all five workers."""
        self.zero()
        self.content()
        began = time.monotonic()
        _, created, _ = self.case.create(*self.manifests())
        self.case.wait_phase(NAME, "Bound")
        seconds = time.monotonic() - began
        dataset = self.case.wait_bound(NAME, workers=WORKERS)
        runtime = self.case.wait_workers(NAME, WORKERS)
        return Bound(created=created, dataset=dataset, runtime=runtime, seconds=seconds)

    @stage
    def direct(self) -> Phase:
        """R readers read the object straight from the origin."""
        return self._phases().direct("direct")

    @stage
    def cold(self) -> Phase:
        """R readers read through the empty cache."""
        self.bound()
        return self._phases().through_cache("cold", claim=NAME)

    @stage
    def warm(self) -> Phase:
        """R new pods read what is wholly cached."""
        self.cold()
        return self._phases().through_cache("warm", claim=NAME, meanwhile=self.present)

    @stage
    def present(self) -> Leftovers:
        """Look at what there is of the story while its readers are about to read: this must all be gone at the end."""
        self.case.pods()
        now = snapshot.take(self.environment.cluster, self.environment.target)
        return sweep.compare_case(self.zero(), now, namespace=self.case.namespace, uids=self.case.pod_uids)

    @stage
    def wait_cached(self) -> Object:
        """Wait until the status says that everything is cached."""
        self.warm()
        return waiting.until(
            f"Dataset {self.case.namespace}/{NAME} cached 100.0%",
            lambda: self.case.dataset(NAME),
            lambda seen: seen["status"].get("cacheStates", {}).get("cachedPercentage") == "100.0%",
            seconds=CACHED_SECONDS,
            describe=lambda seen: str(seen["status"].get("cacheStates")),
            patience=self.case.patience,
        )

    @stage
    def released(self) -> Released:
        """Delete the readers and the Dataset, wait, and sweep until nothing is left or the time is over."""
        before = self.zero()
        self.bound()  # where nothing ever was, nothing can be left
        unread = ""
        try:
            self.warm()  # readers belong to what is released; how they fared is judged elsewhere
        except AssertionError as failure:
            unread = str(failure)
        self.case.delete_pods([pod["metadata"]["name"] for pod in self.case.pods("app.kubernetes.io/component=reader")])
        self.case.delete_dataset(NAME)
        late = ""
        try:
            self.case.wait_released(NAME)
        except WaitFailed as failure:
            late = str(failure)
        for kind, name in (("Secret", "oss-access-key"), ("Secret", URL_SECRET)):
            if mine := self.case.get("v1", kind, name):
                self.environment.cluster.delete(mine)
        began, seen = time.monotonic(), list[Leftovers]()

        def look() -> Leftovers:
            now = snapshot.take(self.environment.cluster, self.environment.target)
            namespace, uids = self.case.namespace, self.case.pod_uids
            seen[:] = [sweep.compare_case(before, now, namespace=namespace, uids=uids)]
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
        present = frozenset(trace.sort for trace in self.present().leaks)
        return Released(present=present, unread=unread, left=seen[0], seconds=time.monotonic() - began, late=late)

    def _phases(self) -> ReadingPhases:
        return ReadingPhases(environment=self.environment, case=self.case, content=self.content())
