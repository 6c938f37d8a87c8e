"""The spike: a crowd of users in one pod, first at the origin, then through an empty cache, then through a full one.

Rule: the crowd is as large as the scenario's, its pods are injected as the scenario's readers are, and its Dataset
and object are its own, so that cold is cold. Nothing of a phase crosses the machine's own relay but its result.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.environment import LOAD_IMAGE
from suite import readers, scenario
from suite.case import Case
from suite.cluster import Object
from suite.conformance.test_lifecycle import NAME, small
from suite.environment import Environment
from suite.origin import SeededObject
from suite.performance.load_phase import Expectation, LoadPhase, decode
from suite.reading_phase import URL_SECRET
from suite.stages import stage

KEY = "crowd-object"
MOVED_BYTES = 2_000_000_000  # by the warm phase at least; with the run's default options by each phase
DIRECT_BYTES = 2_200_000_000  # by the direct phase at most: longer than 22 s at the cap would say nothing new
SMALLEST_OBJECT, LARGEST_OBJECT = 16 << 20, 1 << 30  # bytes; the generator holds the object in memory to compare
SLACK_SECONDS = 60.0  # for the pod, the generator's own ceiling, and a busy machine


@dataclass(kw_only=True)
class Spike:
    """One crowd's three phases; each is taken once."""

    environment: Environment
    case: Case

    @property
    def users(self) -> int:
        """As many as the scenario has readers."""
        return self.environment.settings.readers

    @property
    def size(self) -> int:
        """Bytes of what each user reads: the scenario's object, within bounds."""
        return max(SMALLEST_OBJECT, min(self.environment.settings.object_bytes, LARGEST_OBJECT))

    @property
    def warm_passes(self) -> int:
        """How often each user reads the object when it is cached, so that enough bytes move."""
        return -(-MOVED_BYTES // (self.users * self.size))

    @property
    def direct_size(self) -> int:
        """Bytes that each user reads at the origin: the whole object, or its begin where that takes too long."""
        return min(self.size, DIRECT_BYTES // self.users)

    @stage
    def content(self) -> SeededObject:
        """Store the object in a bucket of its own."""
        return self._put(f"{self.case.namespace}-data", self.size)

    @stage
    def bound(self) -> SeededObject:
        """Create a Dataset for the object alone, and wait for it; return the object."""
        content = self.content()
        secret, dataset, runtime = small(self.environment, content.bucket)
        # Room for the object twice: how a cache that is too small behaves is another question.
        runtime["spec"]["tieredstore"]["levels"][0]["quota"] = f"{2 * self.size >> 20}Mi"
        self.case.create(secret, dataset, runtime)
        self.case.wait_bound(NAME, workers=1)
        return content

    @stage
    def direct(self) -> LoadPhase:
        """All users read at the origin: the object, or one that is its begin."""
        whole = self.direct_size == self.size
        content = self.content() if whole else self._put(f"{self.case.namespace}-direct", self.direct_size)
        url = self.environment.origin.store.presign(content.bucket, content.key, seconds=3600)
        self.case.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": URL_SECRET}, "stringData": {"url": url}}
        )
        pod = scenario.direct_pod(name="load-direct", secret=URL_SECRET, args=["--url-file", "/etc/reader/url"])
        return self._run("direct", pod, content, origin_times=self.users)

    @stage
    def cold(self) -> LoadPhase:
        """All users read what nobody has read before."""
        return self._through_cache("cold", origin_times=1)

    @stage
    def warm(self) -> LoadPhase:
        """All users, in a new pod, read what is cached."""
        self.cold()
        return self._through_cache("warm", passes=self.warm_passes, origin_times=0)

    def phases(self) -> list[LoadPhase]:
        """Return all three, in their order."""
        return [self.direct(), self.cold(), self.warm()]

    def as_data(self) -> dict[str, Any]:
        """Return the report's section `load`."""
        return {"users": self.users, "objectBytes": self.size, "phases": [phase.as_data() for phase in self.phases()]}

    def _put(self, bucket: str, size: int) -> SeededObject:
        self.environment.origin.store.make_bucket(bucket)
        return self.environment.origin.put(bucket, KEY, seed=self.environment.seed_for(KEY), size=size)

    def _through_cache(self, name: str, *, origin_times: int, passes: int = 1) -> LoadPhase:
        content = self.bound()
        args = ["--path", f"/data/{content.key}"]
        pod = scenario.reader_pod(name=f"load-{name}", claim=NAME, args=args)
        pod["spec"]["affinity"] = self._away_from_the_cache()
        return self._run(name, pod, content, origin_times=origin_times, passes=passes)

    def _run(self, name: str, pod: Object, content: SeededObject, *, origin_times: int, passes: int = 1) -> LoadPhase:
        rate = self.environment.settings.origin_bytes_per_second
        seconds = (2 * origin_times * content.size / rate if rate else 0.0) + SLACK_SECONDS
        (container,) = pod["spec"]["containers"]
        container["image"] = LOAD_IMAGE
        container["args"] += ["--phase", name, "--users", str(self.users), "--passes", str(passes)]
        container["args"] += ["--seed", content.seed, "--size", str(content.size), "--patience", str(seconds)]
        with self.environment.quiet.alone(), self.environment.origin.phase(content) as cost:
            (ended,) = readers.read_all(self.case, [pod], seconds=seconds + SLACK_SECONDS)
        result, page = decode(self._log(ended.pod))
        html = Path("load") / f"{name}.html"
        (self.environment.directory / html).parent.mkdir(exist_ok=True)
        (self.environment.directory / html).write_text(page, encoding="utf-8")
        self.case.delete_pods([ended.pod])
        each = passes * content.size
        expected = Expectation(users=self.users, bytes_each=each, origin_bytes=origin_times * content.size)
        return LoadPhase(expected=expected, result=result, cost=cost, html=str(html))

    def _away_from_the_cache(self) -> Object:
        """Return where the crowd would rather not be: most of a crowd is on other nodes, and chance is no figure."""
        label = {"matchLabels": {"fluid.io/dataset": f"{self.case.namespace}-{NAME}"}}
        term = {"labelSelector": label, "topologyKey": "kubernetes.io/hostname"}
        weighted = {"weight": 100, "podAffinityTerm": term}
        return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}}

    def _log(self, pod: str) -> list[str]:
        path = f"/api/v1/namespaces/{self.case.namespace}/pods/{pod}/log"
        return self.case.cluster.text(path, query={"container": readers.CONTAINER}).splitlines()
