"""The data path as a cluster shows it: one Dataset with a small cache, and what befalls it while readers read.

Rule: what happens in the middle of a read happens while the reader says that half is read, and waits to be let go on;
nothing rests on who is faster. Each stage reads objects of its own, once both workers are there.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from fixtures.errors import InfrastructureError
from fixtures.stores.content import content
from suite import readers, scenario, waiting
from suite.case import DATA, Case
from suite.cluster import Object
from suite.conformance.sizes import bytes_in
from suite.conformance.test_lifecycle import NAME, small
from suite.control_plane import is_ready
from suite.environment import Environment
from suite.errors import Void
from suite.fields import at
from suite.origin import Cost, SeededObject
from suite.readers import Reading
from suite.stages import stage
from suite.usage import WORKER_LABEL, held_by

WORKERS = 2
QUOTA = 32 << 20  # bytes, of each worker
# What a reader halts in the middle of when the origin changes does not fit into one worker's cache, so that the rest of
# it cannot have been fetched ahead. What is read last is more than both workers together hold.
SIZES = {
    "killed": 24 << 20,
    "beside": 8_000_001,
    "cached": 6_000_001,
    "uncached": 5_000_011,
    "replaced": 40 << 20,
    "more/larger-than-a-quota": 40 << 20,
    **{f"more/{index}": 14 << 20 for index in range(4)},
}
# So often all of this is read, so that there is time for looks: what came first has gone when it is its turn again.
TIMES = 3
READ_SECONDS = 60.0
HALF_SECONDS = 60.0  # for one side of a reader's halt to wait for the other
DOWN_SECONDS = 60.0  # by which a read has to give up on an origin that is down
LATER_SECONDS = 30.0  # by which a replaced object is to be had whole
STATUS_SECONDS = 120.0  # one sync period (contract: FLUID-STATUS-CACHE-005)
GROWN_BYTES = 4 << 20  # of half an object, and more than all that is no object's


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Readers on the nodes of all workers, of a file that one of these nodes has whole."""

    holder: str  # the node
    readings: tuple[Reading, ...]
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Readers while the origin was down, and one afterwards."""

    before: Reading  # of the object that is cached by it
    cached: Reading
    uncached: Reading
    after: Reading  # of the object that was not to be had


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A reader in the middle of whose read its object was replaced, and those who opened it later."""

    reading: Reading
    later: tuple[Reading, ...]  # until one ended without error
    versions: Mapping[str, str]  # old and new, by their SHA-256


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """A reader of more than the cache may hold, and what was seen of the cache meanwhile."""

    reading: Reading
    wanted: int  # bytes, all different
    workers: frozenset[str]  # pods
    held: tuple[Mapping[str, int], ...]  # at each look: bytes by pod, and under "" those below host paths
    told: tuple[int, ...]  # cacheStates.cached in bytes, at each look since it was written after the reader had come


@dataclass(kw_only=True)
class DataPath:
    """The Dataset and the stages."""

    environment: Environment
    case: Case

    @stage
    def objects(self) -> dict[str, SeededObject]:
        """Store the objects and return them by their names."""
        self.environment.origin.store.make_bucket(self._bucket)
        return {key: self._put(key, seed=self.environment.seed_for(key)) for key in SIZES}

    @stage
    def bound(self) -> Object:
        """Create the Dataset and wait for it and its workers."""
        self.objects()
        secret, dataset, runtime = small(self.environment, self._bucket, replicas=WORKERS)
        runtime["spec"]["tieredstore"]["levels"][0]["quota"] = str(QUOTA)
        self.case.create(secret, dataset, runtime)
        return self.case.wait_bound(NAME, workers=WORKERS)

    @stage
    def killed(self) -> Reading:
        """Kill the worker that serves a reader, in the middle of the read."""
        workers, before = self.workers(), self.held()

        def kill() -> None:
            now = self.held()
            grown = {pod["metadata"]["name"]: now.get(pod["metadata"]["name"], 0) for pod in workers}
            victim = max(workers, key=lambda pod: self._growth(pod, before, now))
            if self._growth(victim, before, now) < GROWN_BYTES:
                raise Void(f"no worker holds half of what was read: {grown}, before {dict(before)}")
            self.case.cluster.delete(victim, grace_seconds=0)
            self._wait_dead(victim)

        return self._halting("killed", self.objects()["killed"], kill)

    @stage
    def beside(self) -> Beside:
        """Let a file come whole into a worker's cache, then read it on each worker's node."""
        workers, before, item = self.workers(), self.held(), self.objects()["beside"]
        self._read("beside-first", item)
        now = self.held()
        holder = max(workers, key=lambda pod: self._growth(pod, before, now))
        if self._growth(holder, before, now) < item.size:
            raise Void(f"no worker's node has the file whole: {dict(now)}, before {dict(before)}")
        nodes = sorted({pod["spec"]["nodeName"] for pod in workers})
        pods = [self._reader(f"beside-{node}", item) for node in nodes]
        for node, pod in zip(nodes, pods, strict=True):
            pod["spec"]["nodeName"] = node
        with self.environment.origin.phase(item) as cost:
            readings = readers.read_all(self.case, pods, seconds=READ_SECONDS)
        return Beside(holder=holder["spec"]["nodeName"], readings=readings, cost=cost)

    @stage
    def outage(self) -> Outage:
        """Take the origin down; read what is cached and what is not; then read the latter once more."""
        self.workers()
        cached, uncached = (self.objects()[key] for key in ("cached", "uncached"))
        before = self._read("outage-before", cached)
        pods = [self._reader("outage-cached", cached), self._reader("outage-uncached", uncached)]
        origin = self.environment.origin
        with origin.phase(cached, uncached) as cost, origin.gateway.outage(self._bucket):
            had, missed = readers.read_all(self.case, pods, seconds=DOWN_SECONDS + READ_SECONDS)
        if cost.origin_bytes:
            raise Void(f"the origin was not down: {cost.origin_bytes} bytes came from it, {cost.by_object}")
        after = self._read("outage-after", uncached)
        return Outage(before=before, cached=had, uncached=missed, after=after)

    @stage
    def replaced(self) -> Replaced:
        """Replace an object by another of the same size in the middle of a read, then open it anew."""
        self.workers()
        old, seed = self.objects()["replaced"], self.environment.seed_for("replacement")
        reading = self._halting("replaced", old, lambda: self._put(old.key, seed=seed))
        later: list[Reading] = []

        def once_more() -> Reading:
            pod = scenario.reader_pod(name=f"later-{len(later)}", claim=NAME, args=["--path", f"/data/{old.key}"])
            later.extend(readers.read_all(self.case, [pod], seconds=READ_SECONDS))
            return later[-1]

        with suppress(AssertionError):  # that nobody got it is judged with all that they got
            waiting.until(
                "a read of the replaced object", once_more, lambda last: not last.error, seconds=LATER_SECONDS,
                describe=str, patience=self.case.patience,
            )  # fmt: skip
        versions = {
            hashlib.sha256(content(each, 0, old.size)).hexdigest(): name
            for name, each in (("old", old.seed), ("new", seed))
        }
        return Replaced(reading=reading, later=tuple(later), versions=versions)

    @stage
    def crowded(self) -> Crowded:
        """Read more than the cache may hold, and look at it all the time, until its status has been written anew."""
        workers = frozenset(pod["metadata"]["name"] for pod in self.workers())
        items = [item for key, item in self.objects().items() if key.startswith("more/")]
        goals = [{"path": f"/data/{item.key}", "seed": item.seed, "size": item.size} for item in items] * TIMES
        before, held, told = self._cache_states(), list[Mapping[str, int]](), list[int]()

        def look() -> Object:
            states = self._cache_states()
            held.append(self.held())
            if states != before:
                told.append(bytes_in(states["cached"]))
            return states

        self.case.create(scenario.reader_pod(name="crowded", claim=NAME, args=["--objects", json.dumps(goals)]))
        (reading,) = readers.collect(self.case, ["crowded"], seconds=READ_SECONDS, meanwhile=look)
        waiting.until(
            f"cacheStates of Dataset {self.case.namespace}/{NAME} other than {before}", look, lambda _: bool(told),
            seconds=STATUS_SECONDS, patience=self.case.patience,
        )  # fmt: skip
        wanted = sum(item.size for item in items)
        return Crowded(reading=reading, wanted=wanted, workers=workers, held=tuple(held), told=tuple(told))

    def workers(self) -> tuple[Object, ...]:
        """Wait until all workers are ready and return their pods."""
        self.bound()
        selector = f"{WORKER_LABEL}={self.case.namespace}-{NAME}"
        return waiting.until(
            f"{WORKERS} ready workers of Dataset {self.case.namespace}/{NAME}",
            lambda: self.case.pods(selector),
            lambda pods: sum(map(is_ready, pods)) == len(pods) == WORKERS,
            seconds=READ_SECONDS,
            describe=lambda pods: f"{len(pods)}, {sum(map(is_ready, pods))} ready",
            patience=self.case.patience,
        )

    def held(self) -> Mapping[str, int]:
        """Return the bytes that the nodes hold for this Dataset now, by pod, and under "" those below host paths."""
        return held_by(self.case.pods(), self.environment.target.observe(), namespace=self.case.namespace)

    def _cache_states(self) -> Object:
        dataset = self.case.must_get(DATA, "Dataset", NAME)
        states: Object = at(dataset, "status", "cacheStates") or {}
        return states

    @property
    def _bucket(self) -> str:
        return f"{self.case.namespace}-data"

    def _put(self, key: str, *, seed: str) -> SeededObject:
        return self.environment.origin.put(self._bucket, key, seed=seed, size=SIZES[key])

    def _reader(self, name: str, item: SeededObject, *more: str) -> Object:
        args = ["--path", f"/data/{item.key}", "--seed", item.seed, "--size", str(item.size), *more]
        return scenario.reader_pod(name=name, claim=NAME, args=args)

    def _read(self, name: str, item: SeededObject) -> Reading:
        (reading,) = readers.read_all(self.case, [self._reader(name, item)], seconds=READ_SECONDS)
        return reading

    def _halting(self, name: str, item: SeededObject, meanwhile: Callable[[], object]) -> Reading:
        """Read an object; when half of it has been read, do something, and only then let the reader go on."""
        barrier = f"{self.case.namespace}-{name}"
        url = f"{self.environment.barrier_url}/{barrier}?parties=2&timeout={HALF_SECONDS:g}"
        self.case.create(self._reader(name, item, "--midway", url))
        gateway = self.environment.origin.gateway
        try:
            gateway.barrier(barrier, parties=2, seconds=HALF_SECONDS)
        except InfrastructureError as error:
            (reading,) = readers.collect(self.case, [name], seconds=READ_SECONDS)
            raise AssertionError(f"not even half was read, so nothing happened meanwhile: {reading}") from error
        meanwhile()
        with suppress(InfrastructureError):  # a reader that has gone away from its halt is told by its report
            gateway.barrier(barrier, parties=2, seconds=HALF_SECONDS)
        (reading,) = readers.collect(self.case, [name], seconds=READ_SECONDS)
        return reading

    def _wait_dead(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]

        def processes() -> Sequence[str]:
            nodes = self.environment.target.observe()
            return [process.command for node in nodes for process in node.processes if process.pod_uid == uid]

        waiting.until(
            f"the end of all processes of pod {pod['metadata']['name']}", processes, lambda left: not left,
            seconds=READ_SECONDS, patience=self.case.patience,
        )  # fmt: skip

    @staticmethod
    def _growth(pod: Object, before: Mapping[str, int], now: Mapping[str, int]) -> int:
        name = pod["metadata"]["name"]
        return now.get(name, 0) - before.get(name, 0)
