"""One run, as its controller sees it: up, baseline, sweep, down, report.

Rule: the way has no way back, and `down` is safe at any point of it, more than once.
"""

import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fixtures.environment import Running, Wanted
from fixtures.errors import UserError
from fixtures.paths import runs_directory
from suite import report_data, resources, waiting
from suite.control_end import CONTROL_END, ControlEnd
from suite.control_watch import ControlWatch
from suite.cost.cases import measured
from suite.cost.prices import Prices
from suite.cost.report import cost
from suite.environment import Environment
from suite.errors import NothingObserved, WaitFailed
from suite.identity import identity
from suite.report_data import RunFacts
from suite.results import DEATH_SECONDS
from suite.sampling import Sampler
from suite.scenario import Arithmetic
from suite.settings import Settings
from suite.snapshot import Snapshot, take
from suite.story import upload
from suite.sweep import Leftovers, compare
from suite.verdicts import Judgement, TestResult, Verdict

FIRST_BYTE_SECONDS = 0.02
DRAIN_SECONDS = 90.0
REPORT_BYTES = 64 << 20  # logs and evidence; the page itself is small
FINAL_SWEEP = "final sweep"  # stands among the tests
CURVE = "resource curve"  # so does this
PROVEN_BY_FINAL_SWEEP = ("FLUID-ZERO-Z2",)
ENDS = frozenset({FINAL_SWEEP, CURVE, *CONTROL_END.values()})
PROVEN_AT_THE_END = (*PROVEN_BY_FINAL_SWEEP, *CONTROL_END, *resources.PROVEN_BY_CURVE)
REPORTS = Path("reports") / "runs"


def new_run_id() -> str:
    """Return e.g. 20261123-120259-7f3a: sortable, and unique when two runs start in one second."""
    return f"{datetime.now(tz=UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@dataclass(kw_only=True)
class Run:
    """What the controller holds while a run lasts."""

    settings: Settings
    prices: Prices
    root: Path  # of the checkout
    progress: Callable[[str], None]
    id: str = field(default_factory=new_run_id)
    began: float = field(default_factory=time.monotonic)
    began_epoch: float = field(default_factory=time.time)
    running: Running | None = None
    environment: Environment | None = None
    sampler: Sampler | None = None
    baseline: Snapshot | None = None
    control_watch: ControlWatch | None = None
    leftovers: Leftovers | None = None
    notices: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # what we had started and did not live to the end
    described: dict[str, dict[str, Any]] = field(default_factory=dict)  # target, store, implementation

    @property
    def directory(self) -> Path:
        """Where the report goes."""
        return self.root / REPORTS / self.id

    @property
    def arithmetic(self) -> Arithmetic:
        """What the article's formula says for this run."""
        return Arithmetic(
            readers=self.settings.readers,
            object_bytes=self.settings.object_bytes,
            origin_bytes_per_second=self.settings.origin_bytes_per_second,
        )

    def prepare(self) -> None:
        """Make the report's directory; UserError where it cannot be or has no room."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.directory).free
        except OSError as error:
            remedy = "the report goes there; make it writable, or use another checkout"
            raise UserError(f"{error.filename}: {error.strerror}: {remedy}") from error
        if free < REPORT_BYTES:
            self.leave_no_empty_report()
            needed = f"{free >> 20} MiB free, {REPORT_BYTES >> 20} are needed for the report"
            raise UserError(f"{self.directory.parent} has {needed}: make room, or use a checkout on another disk")

    def leave_no_empty_report(self) -> None:
        """Remove the report's directory when nothing was written to it."""
        for directory in (self.directory / "allure-results", self.directory):
            with suppress(OSError):
                directory.rmdir()

    def readable(self, line: str) -> str:
        """Return a line that names logs where they will be once the run has ended."""
        return line.replace(f"{runs_directory() / self.id}/logs", f"{self.directory}/logs")

    def up(self) -> None:
        """Bring everything up and take the baseline; raises UserError or InfrastructureError."""
        wanted = Wanted(
            run_directory=runs_directory() / self.id,
            nodes=self.settings.nodes,
            origin_bytes_per_second=self.settings.origin_bytes_per_second,
            first_byte_seconds=FIRST_BYTE_SECONDS,
            reader_directory=Path(__file__).parent / "reader",
            load_directory=Path(__file__).parent / "load",
        )
        self.running = Running(wanted)
        self.running.up(self.progress)
        self.described = self.running.describe()
        self.environment = Environment.from_handover(self.handover())
        upload(self.environment)
        self.baseline = take(self.environment.cluster, self.environment.target)
        self.control_watch = ControlWatch(self.environment.cluster, self.environment.control_namespace)
        self.control_watch.start()
        self.sampler = Sampler(
            self.environment.cluster,
            self.environment.target,
            began=self.began,
            control_namespace=self.environment.control_namespace,
        )
        self.sampler.start()
        self.progress(
            f"ready after {time.monotonic() - self.began:.1f} s, {len(self.baseline.traces)} things in the baseline"
        )

    def handover(self) -> dict[str, Any]:
        """Return what an xdist worker needs to connect."""
        assert self.running is not None  # noqa: S101 - only called after up
        return {
            "fixtures": self.running.handover(),
            "settings": self.settings.as_data(),
            "run_id": self.id,
            "directory": str(self.directory),
        }

    def final_sweep(self) -> list[TestResult]:
        """Wait until all cases' namespaces are gone and controllers at zero, then compare with the baseline."""
        assert self.environment is not None  # noqa: S101 - only called after up
        assert self.baseline is not None  # noqa: S101 - only called after up
        assert self.control_watch is not None  # noqa: S101 - only called after up
        began = time.monotonic()
        found: list[str] = []
        ends: list[TestResult] = []
        control = ControlEnd(self.environment, self.control_watch)
        try:
            self.environment.check_alive()
            found += self._drain(self.environment, self.baseline)
            ends = control.results()
            now = take(self.environment.cluster, self.environment.target)
            self.leftovers = compare(self.baseline, now).without(control.judged_uids())
            if self.leftovers.leaks:
                found.append(f"left over at the end of the run:\n{self.leftovers.told()}")
            message, verdict = "\n".join(found), Verdict.FAIL if found else Verdict.PASS
        except Exception as error:  # noqa: BLE001 - whatever breaks here, the report must still be written
            verdict, message = Verdict.ERROR, f"final sweep: {type(error).__name__}: {error}"
        if verdict is not Verdict.PASS and (death := self.environment.death(grace_seconds=DEATH_SECONDS)):
            verdict, message = Verdict.ERROR, death
        swept = TestResult(
            nodeid=FINAL_SWEEP,
            requirements=PROVEN_BY_FINAL_SWEEP,
            verdict=verdict,
            seconds=round(time.monotonic() - began, 2),
            message=message,
        )
        return [*ends, swept]

    def curve(self, ran: Sequence[TestResult]) -> list[TestResult]:
        """Judge the resource curve after the final sweep; nothing where no Dataset was ever Bound."""
        assert self.sampler is not None  # noqa: S101 - only called after up
        swept_at = time.monotonic() - self.began
        self.sampler.stop()
        cold = measured(ran, (), began=self.began_epoch, arithmetic=self.arithmetic).get("cold")
        least = self.settings.object_bytes if cold else 0
        judged = resources.judge(self.sampler.samples, swept_at=swept_at, least_cached=least)
        if judged is None:
            return []
        verdict, message = judged
        proven = resources.PROVEN_BY_CURVE
        return [TestResult(nodeid=CURVE, requirements=proven, verdict=verdict, seconds=0.0, message=message)]

    def resources(self) -> dict[str, Any]:
        """Return what the run used so far, {} where it used nothing."""
        return resources.resources(self.sampler.samples, self.sampler.look_seconds) if self.sampler else {}

    def cost(self, ran: Sequence[TestResult]) -> dict[str, Any]:
        """Return what the measured cases cost, beside the article's own numbers."""
        samples = self.sampler.samples if self.sampler else []
        cases = measured(ran, samples, began=self.began_epoch, arithmetic=self.arithmetic)
        return cost(self.prices, cases, self.arithmetic)

    def _drain(self, environment: Environment, baseline: Snapshot) -> list[str]:
        """Wait until no case's namespace is left; return what is to be said if that does not happen."""
        namespaces = {trace.name for trace in baseline.of("object") if trace.name.startswith("Namespace/")}

        def extra() -> list[str]:
            names = [item["metadata"]["name"] for item in environment.cluster.list("v1", "Namespace")]
            if not names:
                raise NothingObserved("the server lists no namespace at all")
            return [name for name in names if f"Namespace/{name}" not in namespaces]

        try:
            waiting.until(
                "the end of all cases' namespaces",
                extra,
                lambda left: not left,
                seconds=DRAIN_SECONDS,
                describe=", ".join,
                patience=environment.patience(),
            )
        except WaitFailed as error:
            return [str(error)]
        return []

    def down(self) -> None:
        """Take everything down; never raises, what went wrong becomes a notice."""
        running, self.running = self.running, None
        if running is None:
            return
        if self.sampler:
            self.sampler.stop()
        if self.control_watch:
            self.control_watch.stop()
        self.broken = [self.readable(line) for line in running.down(self.directory)]
        self.notices += self.broken
        if self.sampler:
            self.notices += [*self.sampler.notices, *filter(None, [resources.gap_notice(self.sampler.samples)])]
        shutil.rmtree(runs_directory() / self.id, ignore_errors=True)

    def write(
        self, judgements: Sequence[Judgement], results: Sequence[TestResult], *, partial: bool, code: int
    ) -> Path:
        """Write report.yaml and evidence; returns the report's path."""
        facts = RunFacts(
            run_id=self.id,
            started=datetime.fromtimestamp(self.began_epoch, tz=UTC).isoformat(timespec="seconds"),
            seed=self.settings.seed,
            began_epoch=self.began_epoch,
            target=self.described.get("target", {"name": self.settings.target}),
            store=self.described.get("store", {}),
            implementation=self.described.get("implementation", {}),
            suite=identity(),
            arithmetic=self.arithmetic,
            timeline=self.sampler.as_data() if self.sampler else [],
            resources=self.resources(),
            cost=self.cost(results),
            known_leaks=[str(trace) for trace in self.leftovers.known] if self.leftovers else [],
            notices=self.notices,
        )
        content = report_data.report(
            facts,
            judgements,
            results,
            seconds=time.monotonic() - self.began,
            partial=partial,
            code=code,
        )
        return report_data.write(self.directory, content, results)
