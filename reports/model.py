"""The report's data model as Python sees it: what report.yaml says, checked, in documented units (docs/report.md).

Rule: a figure that was not measured is None, never 0; every name is the file's, in Python's spelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reports.sections.cost import Cost
    from reports.sections.crowd import Load
    from reports.sections.ratios import Ratio
    from reports.sections.usage import Phase, Resources, Sample


class Level(StrEnum):
    """How much a requirement weighs."""

    MUST = "must"
    SHOULD = "should"


class Verdict(StrEnum):
    """What is said of a requirement."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"  # the suite or the infrastructure broke
    UNSUPPORTED = "unsupported"  # declared by the profile
    NOT_APPLICABLE = "notApplicable"  # this target cannot show it
    SKIPPED = "skipped"  # the operator said so, or the run did not get there
    VOID = "void"  # measured, but the sample proves nothing
    PROVISIONAL = "provisional"  # runs, does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the suite."""

    id: str  # sorts by time, for example 20261123-120259-7f3a
    started: datetime
    seconds: float | None
    seed: int | None
    partial: bool  # it did not come to its end
    exit_code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Which suite judged."""

    version: str
    commit: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where it ran."""

    name: str
    kubernetes: str  # version
    nodes: int | None
    constraints: tuple[str, ...]  # what this target cannot show, one sentence each


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The origin of the data and the gateway in front of it."""

    name: str
    version: str
    gateway_bytes_per_second: float | None  # 0: no cap
    gateway_first_byte_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """What was judged."""

    name: str
    version: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One row of the ledger with its verdict."""

    id: str
    level: Level
    verdict: Verdict
    seconds: float | None
    tests: tuple[str, ...]  # ids of the tests that it rests on
    evidence: str  # directory beside report.yaml; empty: none
    sentence: str
    area: str
    reason: str  # why the verdict is not a pass
    profile: str
    source: str
    checked: str  # which part of the sentence the tests check; "": all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSample:
    """One reader's whole pass."""

    pod: str
    node: str
    seconds: float | None  # from the common release to the last byte
    bytes: int | None
    verified: bool | None  # every byte compared; None: not said


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One figure and how it was obtained."""

    name: str
    phase: str
    unit: str
    value: float | None
    low: float | None  # interval of `value`, in its unit
    high: float | None
    samples: int  # that the value is made of
    void: int  # that were discarded because they prove nothing
    state: str  # of the cache: cold, warm, …
    transport: str
    copies_on_node: int | None
    origin_bytes: int | None
    read_bytes: int | None
    seconds: float | None  # of the phase: from the common release to the slowest reader's last byte
    readers: tuple[ReaderSample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The arithmetic of the scenario that this run scales down."""

    readers: int
    bytes: float
    bits_per_second: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The run's own arithmetic: readers × size ÷ cap."""

    readers: int
    object_bytes: int
    origin_bytes_per_second: float  # 0: no cap, and no prediction
    predicted_direct_seconds: float | None
    predicted_cold_seconds: float | None
    article: Article | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEnd:
    """How one test ended."""

    __test__ = False  # not a class of tests

    id: str
    outcome: str
    seconds: float | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that one report.yaml says."""

    run: Run
    suite: Suite
    target: Target
    store: Store
    implementation: Implementation
    summary: Mapping[Verdict, int]
    requirements: tuple[Requirement, ...]
    measurements: tuple[Measurement, ...]
    ratios: tuple[Ratio, ...]
    scenario: Scenario | None
    timeline: tuple[Sample, ...]
    phases: tuple[Phase, ...]
    resources: Resources | None
    load: Load | None
    cost: Cost | None
    tests: tuple[TestEnd, ...]
    known_leaks: tuple[str, ...]
    notices: tuple[str, ...]
    environment: Mapping[str, object]  # free names; what a figure depends on
    unknown_fields: tuple[str, ...]  # in the file, but not in this model

    def measurement(self, phase: str) -> Measurement | None:
        """Return the reading of one phase of the scenario, which is named `<phase>-read`."""
        return next((m for m in self.measurements if m.name == f"{phase}-read" and m.phase == phase), None)
