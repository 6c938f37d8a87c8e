"""A phase of reading: R readers of one object that start together, and what they cost the origin.

Rule: a phase counts only with its proof by the origin meter and with every byte verified; times are from the common
release of all readers to the last byte of the slowest.
"""

from dataclasses import dataclass

from suite import readers, scenario
from suite.case import Case
from suite.cluster import Object
from suite.environment import Environment
from suite.origin import Cost, SeededObject
from suite.readers import Reading

BARRIER_SECONDS = 60
SLACK_SECONDS = 90.0  # for pods to start and, on a busy machine, for a phase to take longer than predicted
URL_SECRET = "direct-url"  # noqa: S105 - a Secret's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """R readers that started together, and what they cost the origin."""

    name: str
    readings: tuple[Reading, ...]
    cost: Cost
    start: float  # seconds since the epoch: the common release
    end: float  # the last byte of the slowest reader

    @property
    def seconds(self) -> float:
        """From the release to the slowest reader's last byte."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPhases:
    """Runs phases of reading in one case, for one object."""

    environment: Environment
    case: Case
    content: SeededObject

    def direct(self, name: str) -> Phase:
        """R readers read the object straight from the origin."""
        url = self.environment.origin.store.presign(self.content.bucket, self.content.key, seconds=3600)
        self.case.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": URL_SECRET}, "stringData": {"url": url}}
        )
        pods = [
            scenario.direct_pod(name=pod, secret=URL_SECRET, args=["--url-file", "/etc/reader/url", *args])
            for pod, args in self._readers(name)
        ]
        return self._run(name, pods, times=self.environment.settings.readers)

    def through_cache(self, name: str, *, claim: str) -> Phase:
        """R new pods read the object through the claim of a Dataset."""
        pods = [
            scenario.reader_pod(name=pod, claim=claim, args=["--path", f"/data/{self.content.key}", *args])
            for pod, args in self._readers(name)
        ]
        return self._run(name, pods, times=1)

    def _readers(self, phase: str) -> list[tuple[str, list[str]]]:
        count = self.environment.settings.readers
        barrier = f"{self.environment.barrier_url}/{self.case.namespace}-{phase}"
        barrier += f"?parties={count}&timeout={BARRIER_SECONDS}"
        args = ["--seed", self.content.seed, "--size", str(self.content.size), "--barrier", barrier]
        return [(f"{phase}-{index}", args) for index in range(count)]

    def _run(self, name: str, pods: list[Object], *, times: int) -> Phase:
        rate = self.environment.settings.origin_bytes_per_second
        expected = times * self.content.size / rate if rate else 0.0
        with self.environment.quiet.alone(), self.environment.origin.phase(self.content) as cost:
            readings = readers.read_all(self.case, pods, seconds=2 * expected + SLACK_SECONDS)
        started = [reading.released_at for reading in readings if reading.released_at]
        return Phase(
            name=name,
            readings=readings,
            cost=cost,
            start=max(started, default=0.0),
            end=max(reading.ended_at for reading in readings),
        )
