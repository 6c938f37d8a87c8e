"""A phase of reading: R readers of one object that start together, and what they cost the origin.

Rule: a phase counts only with its proof by the origin meter and with every byte verified; times are from the common
release of all readers to the last byte of the slowest. The release is ours: nobody reads before all are there.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from fixtures.errors import InfrastructureError
from suite import readers, scenario
from suite.case import Case
from suite.cluster import Object
from suite.environment import Environment
from suite.origin import Cost, SeededObject
from suite.readers import Reading

START_SECONDS = 60.0  # for one pod, and …
START_SECONDS_EACH = 1.0  # … for each more, where a hundred share two cores
BARRIER_SECONDS = 20.0  # for readers that have started to come to the barrier
SLACK_SECONDS = 60.0  # for a phase to take longer than predicted, on a busy machine
URL_SECRET = "direct-url"  # noqa: S105 - a Secret's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """R readers that started together, and what they cost the origin."""

    name: str
    readings: tuple[Reading, ...]
    cost: Cost
    start: float  # seconds since the epoch: the common release
    end: float  # the last byte of the slowest reader
    dataset: str = ""  # whose cache was read, as its pods' labels name it: <namespace>-<name>; "" for the origin

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
        url = self.environment.oss.store.presign(self.content.bucket, self.content.key, seconds=3600)
        self.case.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": URL_SECRET}, "stringData": {"url": url}}
        )
        pods = [
            scenario.direct_pod(name=pod, secret=URL_SECRET, args=["--url-file", "/etc/reader/url", *args])
            for pod, args in self._readers(name)
        ]
        return self._run(name, pods, times=self.environment.settings.readers)

    def through_cache(self, name: str, *, claim: str, meanwhile: Callable[[], object] = lambda: None) -> Phase:
        """R new pods read the object through the claim of a Dataset; `meanwhile` is called when all wait to begin."""
        pods = [
            scenario.reader_pod(name=pod, claim=claim, args=["--path", f"/data/{self.content.key}", *args])
            for pod, args in self._readers(name)
        ]
        return self._run(name, pods, times=1, dataset=f"{self.case.namespace}-{claim}", meanwhile=meanwhile)

    @property
    def _count(self) -> int:
        return self.environment.settings.readers

    @property
    def _start_seconds(self) -> float:
        return START_SECONDS + START_SECONDS_EACH * self._count

    def _readers(self, phase: str) -> list[tuple[str, list[str]]]:
        barrier = f"{self.environment.barrier_url}/{self._barrier(phase)}"
        barrier += f"?parties={self._count + 1}&timeout={self._start_seconds:.0f}"
        args = ["--seed", self.content.seed, "--size", str(self.content.size), "--barrier", barrier]
        return [(f"{phase}-{index}", args) for index in range(self._count)]

    def _barrier(self, phase: str) -> str:
        return f"{self.case.namespace}-{phase}"

    def _run(
        self,
        name: str,
        pods: list[Object],
        *,
        times: int,
        dataset: str = "",
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Phase:
        rate = self.environment.settings.origin_bytes_per_second
        expected = times * self.content.size / rate if rate else 0.0
        with self.environment.quiet.alone(), self.environment.origin.phase(self.content) as cost:
            names = [pod["metadata"]["name"] for pod in self.case.create(*pods)]
            readers.wait_started(self.case, names, seconds=self._start_seconds)
            meanwhile()
            self._release(name)
            readings = readers.collect(self.case, names, seconds=2 * expected + SLACK_SECONDS)
        started = [reading.released_at for reading in readings if reading.released_at]
        return Phase(
            name=name,
            readings=readings,
            cost=cost,
            start=max(started, default=0.0),
            end=max(reading.ended_at for reading in readings),
            dataset=dataset,
        )

    def _release(self, name: str) -> None:
        """Come to the barrier as the last; a reader that never comes is told by its own report, not by us."""
        gateway = self.environment.origin.gateway
        with suppress(InfrastructureError):
            gateway.barrier(self._barrier(name), parties=self._count + 1, seconds=BARRIER_SECONDS)
