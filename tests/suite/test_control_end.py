"""What the end of a run says of the control plane: each verdict has its condition."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from fixtures.errors import InfrastructureError
from suite import control_end
from suite.control_end import ControlEnd
from suite.verdicts import TestResult, Verdict
from suite.waiting import Patience

if TYPE_CHECKING:
    from suite.control_watch import ControlWatch
    from suite.environment import Environment

Object = dict[str, Any]
NAME = "jindoruntime-controller"


class Plane:
    """A control plane with one runtime controller."""

    namespace = "fluid-system"

    def __init__(self, *, replicas: int = 0, pods: int = 0, there: bool = True) -> None:
        self._deployments = [{"metadata": {"name": NAME}, "spec": {"replicas": replicas}}] if there else []
        self._pods = [{"metadata": {"name": f"{NAME}-{index}", "uid": str(index)}} for index in range(pods)]

    def runtime_controllers(self) -> list[Object]:
        return self._deployments

    def pods_of(self, _deployment: Object) -> list[Object]:
        return self._pods

    def put_back(self) -> frozenset[str]:
        return frozenset({"put-back"})


class Surroundings:
    """As much of an environment as the end looks at."""

    def __init__(self, plane: Plane) -> None:
        self.control_plane = plane

    def patience(self) -> Patience:
        return Patience(pause_seconds=0.001)

    def death(self, *, grace_seconds: float) -> str:
        return ""


class Watch:
    """What a watch has seen."""

    def __init__(
        self, *, at_zero: bool = True, rose: bool = True, troubles: list[str] | Exception | None = None
    ) -> None:
        self._at_zero, self._rose, self._troubles = at_zero, rose, troubles or []

    def began_at_zero(self) -> frozenset[str]:
        return frozenset({NAME} if self._at_zero else ())

    def rose(self) -> frozenset[str]:
        return frozenset({NAME, "dataset-controller"} if self._rose else {"dataset-controller"})

    def watched(self) -> int:
        return 4

    def troubles(self) -> list[str]:
        if isinstance(self._troubles, Exception):
            raise self._troubles
        return self._troubles


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_end, "ZERO_SECONDS", 0.01)


def end(plane: Plane, watch: Watch) -> ControlEnd:
    return ControlEnd(cast("Environment", Surroundings(plane)), cast("ControlWatch", watch))


def judged(plane: Plane, watch: Watch) -> tuple[TestResult, TestResult]:
    zero, deaths = end(plane, watch).results()
    assert (zero.requirements, deaths.requirements) == (("FLUID-ZERO-Z4",), ("FLUID-ROBUST-RESTART-001",))
    return zero, deaths


def test_a_controller_that_came_and_went_is_at_zero() -> None:
    zero, deaths = judged(Plane(), Watch())

    assert (zero.verdict, deaths.verdict) == (Verdict.PASS, Verdict.PASS)


@pytest.mark.parametrize(
    ("plane", "says"),
    [
        (Plane(replicas=1), f"{NAME} wants 1 replicas and has 0"),
        (Plane(pods=1), f"pod {NAME}-0 is there"),
        (Plane(there=False), "no Deployment of a runtime controller is left in fluid-system"),
    ],
)
def test_one_that_stays_or_is_lost_is_a_fail(plane: Plane, says: str) -> None:
    zero, _ = judged(plane, Watch())

    assert zero.verdict is Verdict.FAIL
    assert says in zero.message


def test_one_that_ran_from_the_start_says_nothing() -> None:
    zero, _ = judged(Plane(replicas=1), Watch(at_zero=False))

    assert (zero.verdict, zero.message) == (Verdict.UNSUPPORTED, f"runs from the installation on: {NAME}")


def test_one_that_was_never_called_proves_nothing() -> None:
    zero, _ = judged(Plane(), Watch(rose=False))

    assert (zero.verdict, zero.message) == (Verdict.SKIPPED, "no test needed a runtime controller")


def test_a_death_is_a_fail_and_a_watch_that_broke_off_an_error() -> None:
    _, died = judged(Plane(), Watch(troubles=["Pod a/b manager restarted 1 times"]))
    _, broken = judged(Plane(), Watch(troubles=InfrastructureError("the watch broke off")))

    assert (died.verdict, died.message.splitlines()[1]) == (Verdict.FAIL, "Pod a/b manager restarted 1 times")
    assert (broken.verdict, broken.message) == (Verdict.ERROR, "InfrastructureError: the watch broke off")


def test_what_is_judged_here_or_was_put_back_is_no_leak() -> None:
    assert end(Plane(pods=2), Watch()).judged_uids() == {"0", "1", "put-back"}
