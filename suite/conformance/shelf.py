"""A small Dataset over two mounts, and the DataLoads that are tried on it side by side.

Rule: each stage is taken once, and all DataLoads of a stage are created before any of them is waited for.
"""

import copy
import json
from contextlib import suppress
from dataclasses import dataclass

from suite import readers, scenario, waiting
from suite.case import DATA, Case
from suite.cluster import Object
from suite.conformance.test_lifecycle import NAME, small
from suite.environment import Environment
from suite.fields import at
from suite.loading import Load, data_load, finished, job_of, pods_of, run, wait_event, wait_load
from suite.origin import Cost, SeededObject
from suite.readers import Reading
from suite.stages import stage

QUOTA = "32Mi"
SIZES = {"in/a": 5_000_001, "in/deep/b": (4 << 20) + 1, "out/c": 3_000_000, "out/empty": 0}
MORE = "more"  # the second mount's path, and what its one object is called
MORE_SIZE = 1_000_003
LATE, LATE_SIZE = "in/late", 700_001  # stored in the origin after the Dataset was Bound
HUGE, HUGE_SIZE = "huge", 40 << 20  # more than the quota
NOBODY = "nobody"  # a scheduler that does not exist: its pods wait until the test binds them
TTL_SECONDS = 2
CACHED_SECONDS = 30.0
# What the first DataLoad says of its pod.
POD = {
    "podMetadata": {"labels": {"team": "a"}, "annotations": {"k8s.aliyun.com/eci-use-specs": "ecs.d1ne.6xlarge"}},
    "tolerations": [{"key": "suite", "operator": "Exists"}],
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "affinity": {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": {"matchExpressions": [{"key": "suite", "operator": "DoesNotExist"}]}}
            ]
        }
    },
    "schedulerName": "default-scheduler",
    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Early:
    """A DataLoad that was there before its Dataset."""

    missing: Object  # as it was when its Dataset was said to be missing
    unbound: Object  # as it was when the Dataset's runtime was said not to be ready
    load: Load
    job: Object
    pods: tuple[Object, ...]
    history: tuple[Object, ...]


@dataclass(kw_only=True)
class Shelf:
    """One Dataset, bound while a DataLoad already waits for it."""

    environment: Environment
    case: Case

    @stage
    def objects(self) -> dict[str, SeededObject]:
        """Store the objects and return them by their paths in the mount."""
        bucket = self.bucket
        self.environment.origin.store.make_bucket(bucket)
        self.environment.origin.store.make_bucket(f"{bucket}-{MORE}")
        stored = {key: self.put(key, size) for key, size in SIZES.items()}
        return stored | {f"{MORE}/{MORE}": self.put(MORE, MORE_SIZE, bucket=f"{bucket}-{MORE}")}

    @property
    def bucket(self) -> str:
        """Return the first mount's bucket."""
        return f"{self.case.namespace}-data"

    def put(self, key: str, size: int, *, bucket: str = "") -> SeededObject:
        """Store one object."""
        return self.environment.origin.put(bucket or self.bucket, key, seed=self.environment.seed_for(key), size=size)

    def wanted(self, name: str, *paths: str, **spec: object) -> Object:
        """Return a DataLoad of this Dataset."""
        return data_load(name, dataset=NAME, namespace=self.case.namespace, paths=paths, **spec)

    @stage
    def early(self) -> Early:
        """Create a DataLoad of one path, then its Dataset, then the runtime; wait for each word about what lacks."""
        secret, dataset, runtime = small(self.environment, self.bucket)
        runtime["spec"]["tieredstore"]["levels"][0]["quota"] = QUOTA
        more = copy.deepcopy(dataset["spec"]["mounts"][0])
        dataset["spec"]["mounts"].append(
            more | {"mountPoint": f"s3://{self.bucket}-{MORE}", "name": MORE, "path": f"/{MORE}"}
        )
        with self.environment.origin.phase(*self.objects().values()) as cost:
            (created,) = self.case.create(self.wanted("early", "/in", **POD))
            wait_event(self.case, "TargetDatasetNotFound", name="early")
            missing = self.case.must_get(DATA, "DataLoad", "early")
            self.case.create(secret, dataset)
            wait_event(self.case, "RuntimeNotReady", name="early")
            unbound = self.case.must_get(DATA, "DataLoad", "early")
            self.case.create(runtime)
            self.case.wait_bound(NAME)
            ended = wait_load(self.case, "early", "Complete")
        return Early(
            missing=missing,
            unbound=unbound,
            load=Load(created=created, ended=ended, cost=cost, start=0.0, end=0.0),
            job=job_of(self.case, "early") or {},
            pods=pods_of(self.case, "early"),
            history=self.case.cluster.history(created),
        )

    @stage
    def crowd(self) -> dict[str, Object]:
        """Create DataLoads that end in many ways, all at once; return them as they were first stored."""
        self.early()
        wanted = (
            self.wanted("nowhere", "/no-such-path"),
            self.wanted("expiring", "/in", ttlSecondsAfterFinished=TTL_SECONDS),
            self.wanted("cron", "/in", policy="Cron", schedule="* * * * *"),
            self.wanted("on-event", "/in", policy="OnEvent"),
            self.wanted("broken", "/in", resources={"requests": {"memory": "much"}}),
            *(self.wanted(name, "/in", schedulerName=NOBODY) for name in ("lost", "stuck", "last")),
        )
        return {created["metadata"]["name"]: created for created in self.case.create(*wanted)}

    @stage
    def pair(self) -> tuple[Cost, tuple[Object, Object]]:
        """Load everything, twice at the same time; return what both cost together, and both as they ended."""
        self.crowd()
        with self.environment.origin.phase(*self.objects().values()) as cost:
            self.case.create(self.wanted("left"), self.wanted("right"))
            left, right = (wait_load(self.case, name, "Complete") for name in ("left", "right"))
        return cost, (left, right)

    @stage
    def cached(self) -> Object:
        """Wait until the status says that everything is cached."""
        self.pair()
        return waiting.until(
            f"Dataset {self.case.namespace}/{NAME} cached 100.0%",
            lambda: self.case.dataset(NAME),
            lambda seen: at(seen, "status", "cacheStates", "cachedPercentage") == "100.0%",
            seconds=CACHED_SECONDS,
            describe=lambda seen: str(at(seen, "status", "cacheStates")),
            patience=self.case.patience,
        )

    @stage
    def late(self) -> tuple[SeededObject, Load]:
        """Store another object, and load its directory with its names anew."""
        with suppress(AssertionError):  # judged elsewhere; from now on there is more than was loaded
            self.cached()
        stored = self.put(LATE, LATE_SIZE)
        with self.environment.origin.phase(stored, *self.objects().values()) as cost:
            load = run(self.case, self.wanted("late", "/in", loadMetadata=True), cost=cost, seconds=60.0)
        return stored, load

    @stage
    def huge(self) -> Object:
        """Load an object that is larger than the cache, and return the DataLoad as it ended."""
        self.late()
        self.put(HUGE, HUGE_SIZE)
        self.case.create(self.wanted("huge", f"/{HUGE}", loadMetadata=True))
        return finished(self.case, "huge")

    @stage
    def reading(self) -> tuple[Cost, Reading]:
        """Read everything that was loaded, after the loads that failed; return what that cost the origin."""
        self.crowd()
        finished(self.case, "nowhere")
        stored, _ = self.late()
        objects = {**self.objects(), LATE: stored}
        goals = [{"path": f"/data/{path}", "seed": item.seed, "size": item.size} for path, item in objects.items()]
        pod = scenario.reader_pod(name="after-loads", claim=NAME, args=["--objects", json.dumps(goals)])
        with self.environment.origin.phase(*objects.values()) as cost:
            (reading,) = readers.read_all(self.case, [pod], seconds=60.0)
        return cost, reading

    def bind(self, name: str) -> None:
        """Do a scheduler's work for the pod of a DataLoad that has none."""

        def unbound() -> Object | None:
            waiting_pods = [pod for pod in pods_of(self.case, name) if not at(pod, "spec", "nodeName")]
            living = [pod for pod in waiting_pods if not at(pod, "metadata", "deletionTimestamp")]
            return living[0] if living else None

        pod = waiting.until(
            f"a pod of DataLoad {name} without node", unbound, bool, seconds=30.0, patience=self.case.patience
        )
        node = self.case.cluster.list("v1", "Node")[0]["metadata"]["name"]
        metadata = {"name": pod["metadata"]["name"], "namespace": self.case.namespace}
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        self.case.cluster.request(
            "POST",
            f"/api/v1/namespaces/{self.case.namespace}/pods/{metadata['name']}/binding",
            body={"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target},
        )
