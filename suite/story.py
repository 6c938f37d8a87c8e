"""The scenario's course: zero, Bound, direct, cold, warm, released; each stage taken once, in this order."""

import time
from dataclasses import dataclass

from suite import scenario, snapshot, waiting
from suite.case import Case
from suite.cluster import Object
from suite.environment import Environment
from suite.origin import SeededObject
from suite.reading_phase import URL_SECRET, Phase, ReadingPhases
from suite.release import Release, Released
from suite.snapshot import Snapshot
from suite.stages import stage
from suite.sweep import Leftovers

BUCKET, NAME = scenario.BUCKET, scenario.NAME
KEY = "largefile-30G"  # as in the article; scaled in bytes, not in kind
WORKERS = 5  # as in the article
CACHED_SECONDS = 120.0  # one sync period (contract: FLUID-STATUS-CACHE-005)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The Dataset when it was Bound, and how long that took from its creation."""

    created: Object  # the Dataset as it was first stored
    dataset: Object
    runtime: Object
    seconds: float


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
        return self._release().look()

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
        release = self._release()
        self.bound()  # where nothing ever was, nothing can be left
        unread = ""
        try:
            self.warm()  # readers belong to what is released; how they fared is judged elsewhere
        except AssertionError as failure:
            unread = str(failure)
        secrets = ("oss-access-key", URL_SECRET)
        return release.run(NAME, secrets=secrets, present=self.present(), unread=unread)

    def _phases(self) -> ReadingPhases:
        return ReadingPhases(environment=self.environment, case=self.case, content=self.content())

    def _release(self) -> Release:
        return Release(environment=self.environment, case=self.case, before=self.zero())
