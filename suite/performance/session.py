"""The session of the benchmarks: a process beside the nodes, started once, and read when it has ended.

Rule: it measures alone, and is gone before this returns. What it left is believed only where it says of every
benchmark that it collected how it ended.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.errors import InfrastructureError
from suite.environment import Environment
from suite.errors import NotApplicable, NothingObserved
from suite.origin import SeededObject
from suite.performance import outcomes
from suite.performance.comparison import Comparison
from suite.performance.gates import Gate
from suite.performance.plan import VARIABLE, Plan

NAME = "benchmarks"
BUCKET = "benchmarks"
DIRECTORY = Path(__file__).parent / "benchmarks"
RESULTS = "benchmarks.json"
SECONDS = 120.0  # beyond what the origin's cap takes; twice of what they need on two busy processors
WARM_BYTES = 128 << 20  # more than processors' caches hold
CROWD_BYTES, CROWD_OBJECTS = 16 << 20, 3
COLD_SECONDS, COLD_OBJECTS = 0.7, 5  # long beside the origin's delay of the first byte
COLD_BYTES = (4 << 20, 256 << 20)  # at least, at most
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What one session left."""

    ended: Mapping[str, Mapping[str, str]]  # by benchmark: those that did not succeed
    comparisons: Mapping[str, Comparison]  # by gate

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read pytest-benchmark's JSON with what our session added to it; NothingObserved where it ran nothing."""
        data: dict[str, Any] = json.loads(path.read_text())
        collected, ended = data["collected"], data["ended"]
        found = {each["name"]: Comparison.from_data(each["extra_info"]["comparison"]) for each in data["benchmarks"]}
        if not collected:
            raise NothingObserved(f"{path}: no benchmark was collected")
        if lost := set(collected) - set(found) - set(ended):
            raise NothingObserved(f"{path}: neither figures nor a reason of {', '.join(sorted(lost))}")
        return cls(ended=ended, comparisons={each.gate: each for each in found.values()})

    def of(self, gate: Gate, benchmark: str) -> Comparison:
        """Return what a benchmark measured for a gate, or raise what kept it from that."""
        if reason := self.ended.get(benchmark):
            outcomes.raise_again(reason)
        if gate.name not in self.comparisons:
            raise NothingObserved(f"{benchmark} left no rounds of {gate.name}")
        return self.comparisons[gate.name]


def run(environment: Environment, hear: Callable[[str], None]) -> Results:
    """Run the session and return its results; InfrastructureError with its last line when it did not end well."""
    bench = environment.target.workbench
    if bench is None:
        raise NotApplicable(f"target {environment.target.name} cannot run a program beside its nodes")
    if not environment.data_plane:
        raise NotApplicable("the implementation's cache cannot run without a cluster around it")
    plan = _plan(environment)
    results = environment.directory / RESULTS
    log = environment.run_directory / "logs" / f"{NAME}.log"
    argv = [sys.executable, "-P", "-m", "pytest", "-c", str(DIRECTORY / "pytest.ini"), f"--benchmark-json={results}"]
    code = bench.run(
        NAME,
        [*argv, str(DIRECTORY)],
        env={VARIABLE: plan.to_text(), "PYTHONDONTWRITEBYTECODE": "1"},
        memory=plan.memory,
        log=log,
        seconds=SECONDS + _origin_seconds(environment, plan),
        hear=lambda line: hear(line.removeprefix(outcomes.TOLD)) if line.startswith(outcomes.TOLD) else None,
    )
    if not results.exists():
        raise InfrastructureError(f"the benchmarks ended with exit code {code} and left no results; see {log}")
    return Results.read(results)


def _plan(environment: Environment) -> Plan:
    """Store the objects and return the plan."""
    store = environment.origin.store
    store.make_bucket(BUCKET)
    cold = int(COLD_SECONDS * environment.settings.origin_bytes_per_second) // MIB * MIB
    cold = min(max(cold, COLD_BYTES[0]), COLD_BYTES[1])
    return Plan(
        data_plane=environment.data_plane,
        memory=environment.run_directory / NAME,
        origin=store.endpoint_inside,
        meter=environment.admin_url_inside,
        access_key=store.access_key.reveal(),
        secret_key=store.secret_key.reveal(),
        warm=_put(environment, "warm", WARM_BYTES),
        cold=tuple(_put(environment, f"cold-{index}", cold) for index in range(COLD_OBJECTS)),
        crowd=tuple(_put(environment, f"crowd-{index}", CROWD_BYTES) for index in range(CROWD_OBJECTS)),
    )


def _put(environment: Environment, key: str, size: int) -> SeededObject:
    return environment.origin.put(BUCKET, key, seed=environment.seed_for(f"{BUCKET}/{key}"), size=size)


def _origin_seconds(environment: Environment, plan: Plan) -> float:
    rate = environment.settings.origin_bytes_per_second
    size = sum(item.size for item in (plan.warm, *plan.cold, *plan.crowd))
    return 2 * size / rate if rate else 0.0
