"""What the end of a run says of the control plane: runtime controllers are at zero again, and nothing of it ever fell.

Rule: each is a judgement of its own, made whether or not anything else was left; a control plane whose runtime
controllers ran before the first Dataset did not begin at zero, so that it does not end there says nothing.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from suite import waiting
from suite.control_plane import RUNTIME_CONTROLLER, still_up
from suite.control_watch import ControlWatch
from suite.environment import Environment
from suite.errors import WaitFailed
from suite.results import DEATH_SECONDS
from suite.verdicts import TestResult, Verdict

ZERO_SECONDS = 60.0  # after the last namespace of a case has gone
CONTROL_END = {  # requirement -> name among the tests
    "FLUID-ZERO-Z4": "runtime controllers at zero",
    "FLUID-ROBUST-RESTART-001": "control plane without a death",
}


class ControlEnd:
    """Judges the control plane once everything else has gone."""

    def __init__(self, environment: Environment, watch: ControlWatch) -> None:
        self._environment, self._watch = environment, watch

    def results(self) -> list[TestResult]:
        """Wait for the runtime controllers to go, then ask what the watch has seen of all."""
        zero = self._result("FLUID-ZERO-Z4", self._zero)
        deaths = self._result("FLUID-ROBUST-RESTART-001", self._deaths)  # takes in all changes up to now
        risen = {name for name in self._watch.rose() if name.endswith(RUNTIME_CONTROLLER)}
        if zero.verdict is Verdict.PASS and not risen:
            zero = replace(zero, verdict=Verdict.SKIPPED, message="no test needed a runtime controller")
        return [zero, deaths]

    def judged_uids(self) -> frozenset[str]:
        """Return the UIDs of what is no leak of a Dataset: pods that FLUID-ZERO-Z4 finds, and what we have put back."""
        plane = self._environment.control_plane
        pods = [pod for deployment in plane.runtime_controllers() for pod in plane.pods_of(deployment)]
        return frozenset(pod["metadata"]["uid"] for pod in pods) | plane.put_back()

    def _result(self, identity: str, judge: Callable[[], tuple[Verdict, str]]) -> TestResult:
        began = time.monotonic()
        try:
            verdict, message = judge()
        except Exception as error:  # noqa: BLE001 - whatever breaks here, the report must still be written
            verdict, message = Verdict.ERROR, f"{type(error).__name__}: {error}"
        if verdict is Verdict.ERROR and (death := self._environment.death(grace_seconds=DEATH_SECONDS)):
            message = death
        return TestResult(
            nodeid=CONTROL_END[identity],
            requirements=(identity,),
            verdict=verdict,
            seconds=round(time.monotonic() - began, 2),
            message=message,
        )

    def _zero(self) -> tuple[Verdict, str]:
        plane, at_zero = self._environment.control_plane, self._watch.began_at_zero()
        names = [found["metadata"]["name"] for found in plane.runtime_controllers()]
        if not names:
            return Verdict.FAIL, f"no Deployment of a runtime controller is left in {plane.namespace}"
        if running := sorted(set(names) - at_zero):
            return Verdict.UNSUPPORTED, f"runs from the installation on: {', '.join(running)}"

        def look() -> list[str]:
            deployments = plane.runtime_controllers()
            pods = [pod["metadata"]["name"] for deployment in deployments for pod in plane.pods_of(deployment)]
            return [*filter(None, map(still_up, deployments)), *(f"pod {name} is there" for name in pods)]

        try:
            waiting.until(
                "all runtime controllers at zero", look, lambda left: not left, seconds=ZERO_SECONDS,
                describe=", ".join, patience=self._environment.patience(),
            )  # fmt: skip
        except WaitFailed as failure:
            return Verdict.FAIL, str(failure)
        return Verdict.PASS, ""

    def _deaths(self) -> tuple[Verdict, str]:
        troubles = self._watch.troubles()
        if troubles:
            return Verdict.FAIL, f"of {self._watch.watched()} pods of the control plane:\n" + "\n".join(troubles)
        return Verdict.PASS, ""
