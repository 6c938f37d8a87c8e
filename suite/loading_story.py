"""The scenario with its data loaded first: zero, Bound, loaded, loaded again, read, released; each stage taken once."""

from dataclasses import dataclass

from suite import loading, scenario, snapshot
from suite.case import Case
from suite.cluster import Object
from suite.environment import Environment
from suite.loading import Load, data_load
from suite.origin import SeededObject
from suite.reading_phase import Phase, ReadingPhases
from suite.release import Release, Released
from suite.snapshot import Snapshot
from suite.stages import stage
from suite.story import NAME, scenario_object
from suite.sweep import Leftovers

# The scenario has five. One object lies on one worker, so three measure the same, and beside the scenario's five
# they find nodes of their own when both stories run at once.
WORKERS = 3
SLACK_SECONDS = 60.0


@dataclass(kw_only=True)
class LoadingStory:
    """The scenario with a DataLoad, in one namespace."""

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

    @stage
    def bound(self) -> Object:
        """Create Secret, Dataset and runtime, and wait for Bound with all workers; return the Dataset."""
        self.zero()
        naming = self.environment.oss.store.naming
        secret, dataset, runtime = scenario.dataset_objects(naming, name=NAME, bucket=self.content().bucket)
        runtime["spec"]["replicas"] = WORKERS
        self.case.create(secret, dataset, runtime)
        return self.case.wait_bound(NAME, workers=WORKERS)

    @stage
    def loaded(self) -> Load:
        """Load everything into the empty cache, and wait until that is Complete."""
        return self._load("warm-up")

    @stage
    def again(self) -> Load:
        """Load once more what is already there."""
        self.loaded()
        return self._load("once-more")

    @stage
    def read(self) -> Phase:
        """R new pods read what was loaded and nobody has read."""
        self.loaded()
        phases = ReadingPhases(environment=self.environment, case=self.case, content=self.content())
        return phases.through_cache("loaded", claim=NAME, meanwhile=self.present)

    @stage
    def present(self) -> Leftovers:
        """Look at what there is of the story while its readers are about to read."""
        return self._release().look()

    @stage
    def released(self) -> Released:
        """Delete the readers and the Dataset with its DataLoads, wait, and sweep."""
        release = self._release()
        self.bound()  # where nothing ever was, nothing can be left
        unread = ""
        try:
            self.read()  # how load and readers fared is judged elsewhere
        except AssertionError as failure:
            unread = str(failure)
        return release.run(NAME, secrets=("oss-access-key",), present=self.present(), unread=unread)

    def _release(self) -> Release:
        return Release(environment=self.environment, case=self.case, before=self.zero())

    def _load(self, name: str) -> Load:
        self.bound()
        rate = self.environment.settings.origin_bytes_per_second
        expected = self.content().size / rate if rate else 0.0
        wanted = data_load(name, dataset=NAME, namespace=self.case.namespace)
        with self.environment.quiet.alone(), self.environment.origin.phase(self.content()) as cost:
            return loading.run(self.case, wanted, cost=cost, seconds=2 * expected + SLACK_SECONDS)
